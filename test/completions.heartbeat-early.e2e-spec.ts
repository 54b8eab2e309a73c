import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AnswerReader } from './support/answer-reader.js';
import { chunk, events, FakeUpstream, hang, hold, replyEvents, replyJson } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';

const REQUEST = { model: 'test-model', prompt: 'Hi', stream: true };
const HEARTBEAT_MS = 5_000;
const ANSWER = events(chunk('One', 'stop'), '[DONE]');

describe('POST /v1/completions with `heartbeat: early`', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    gateway = await start({ models: ['test-model'] });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  function start(options: object): Promise<Gateway> {
    const server = { heartbeat: 'early', heartbeatMs: HEARTBEAT_MS };
    const config = { server, routing: { maxAttempts: 1 } };
    return Gateway.inFrontOf(upstream, { clock, upstream: options, config });
  }

  it('sends the 200 and comments while the upstream reads the prompt, and then the stream', async () => {
    const { behaviour, release } = hold(replyEvents(chunk('One', 'stop'), '[DONE]'));
    upstream.onCompletion(behaviour);
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const reader = new AnswerReader(response);
    await upstream.received();
    for (let i = 0; i < 3; i++) {
      clock.advance(HEARTBEAT_MS);
      expect(await reader.next()).toBe(':\n\n');
    }
    release();
    expect(await reader.rest()).toBe(ANSWER);
    const [line] = await gateway.accessLog();
    // The comments do not count as the first byte.
    expect(line).toMatchObject({ status: 200, firstByteMs: 3 * HEARTBEAT_MS, durationMs: 3 * HEARTBEAT_MS });
  });

  it.each([
    [503, 'no_upstream_available'],
    [500, 'upstream_error'],
    [429, 'rate_limit_exceeded'],
    [404, 'model_not_found'],
  ])("turns the upstream's %i into an error event, without [DONE]", async (status, code) => {
    upstream.onCompletion(replyJson({ error: { message: 'no' } }, status));
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toMatch(/^data: \{"error":\{[^\n]*\}\}\n\n$/);
    expect(JSON.parse(text.slice(6))).toMatchObject({ error: { message: expect.any(String), code } });
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 200, errorCode: code, attempts: 1 });
  });

  it('turns a timeout into an error event, after the comments', async () => {
    await gateway.stop();
    gateway = await start({ timeouts: { firstByteMs: HEARTBEAT_MS + 1 } });
    upstream.onCompletion(hang);
    const response = await gateway.complete(REQUEST);
    const request = await upstream.received();
    clock.advance(HEARTBEAT_MS + 1);
    const text = await response.text();
    expect(text).toMatch(/^:\n\ndata: \{"error":/);
    expect(text).toContain('"code":"upstream_timeout"');
    await request.aborted;
  });

  it('keeps the status of a refused request', async () => {
    const statusOf = async (body: object, headers: Record<string, string> = {}): Promise<[number, string]> => {
      const response = await gateway.complete({ ...REQUEST, ...body }, { headers });
      return [response.status, (await errorOf(response)).error.code];
    };
    expect(await statusOf({}, { authorization: 'Bearer wrong' })).toEqual([401, 'invalid_api_key']);
    expect(await statusOf({ model: 'unknown' })).toEqual([404, 'model_not_found']);
    expect(await statusOf({ n: 0 })).toEqual([422, 'greater_than_equal']);
    expect(await statusOf({}, { 'content-type': 'text/plain' })).toEqual([415, 'unsupported_media_type']);
    expect(upstream.requests).toHaveLength(0);
  });

  it('keeps the status of a failure without `stream`', async () => {
    upstream.onCompletion(replyJson('', 500));
    const response = await gateway.complete({ ...REQUEST, stream: false });
    expect([response.status, (await errorOf(response)).error.code]).toEqual([502, 'upstream_error']);
  });

  it('aborts the upstream when the client disconnects before the first event', async () => {
    upstream.onCompletion(hang);
    const client = new AbortController();
    const response = await gateway.complete(REQUEST, { signal: client.signal });
    const request = await upstream.received();
    client.abort();
    await request.aborted;
    await expect(response.text()).rejects.toThrow();
    expect((await gateway.accessLog())[0]).toMatchObject({ status: 499, attempts: 1 });
  });
});
