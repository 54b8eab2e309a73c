import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AnswerReader } from './support/answer-reader.js';
import { beginStream, chunk, events, FakeUpstream, holdStream, replyEvents } from './support/fake-upstream.js';
import { errorOf, eventsOf, Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';

const REQUEST = { model: 'test-model', prompt: 'Hi', stream: true };
const USAGE = chunk('', null, { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } });

describe('POST /v1/completions with stream', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, {
      clock,
      upstream: { extraParameters: 'forward' },
      config: { routing: { maxAttempts: 1 } },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('passes chunks on unchanged, and ends with [DONE]', async () => {
    const stream = events(chunk('One'), chunk(' two', 'stop'), '[DONE]');
    upstream.onCompletion(replyEvents(chunk('One'), chunk(' two', 'stop'), '[DONE]'));
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await response.text()).toBe(stream);
  });

  it('sends each chunk when it comes, not when the answer is complete', async () => {
    const { behaviour, release } = holdStream();
    upstream.onCompletion(behaviour);
    const reader = new AnswerReader(await gateway.complete(REQUEST));
    expect(await reader.next()).toBe(events(chunk('One')));
    release();
    expect(await reader.rest()).toBe(events(chunk(' two', 'stop'), '[DONE]'));
  });

  it('writes the canonical form, whatever line ends, comments and fields the upstream sends', async () => {
    const json = JSON.stringify(chunk('Hé', 'stop'));
    const bytes = Buffer.from(
      `: hello\r\nevent: message\r\ndata:${json}\r\n\r\ndata: null\n\nid: 7\ndata: [DONE]\r\n\r\n`,
    );
    upstream.onCompletion(async (response) => {
      beginStream(response);
      // One byte at a time: characters, lines and events are torn apart.
      for (const byte of bytes) {
        await new Promise((resolve) => response.write(Buffer.of(byte), resolve));
      }
      response.end();
    });
    const response = await gateway.complete(REQUEST);
    expect(await response.text()).toBe(`data: ${json}\n\ndata: [DONE]\n\n`);
  });

  it('asks for usage in any case, and shows it to clients that asked', async () => {
    upstream.onCompletion(replyEvents(chunk('One', 'stop'), USAGE, '[DONE]'));
    const asked = await gateway.complete({ ...REQUEST, stream_options: { include_usage: true } });
    expect(await eventsOf(asked)).toEqual([JSON.stringify(chunk('One', 'stop')), JSON.stringify(USAGE), '[DONE]']);

    const notAsked = await gateway.complete(REQUEST);
    expect(await eventsOf(notAsked)).toEqual([JSON.stringify(chunk('One', 'stop')), '[DONE]']);
    expect(upstream.lastRequest.body.stream_options).toEqual({ include_usage: true });

    const [, line] = await gateway.accessLog(2);
    expect(line).toMatchObject({ stream: true, promptTokens: 1, completionTokens: 2, status: 200 });
  });

  it('moves the usage to a chunk of its own when the engine has it on the last choice', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    upstream.onCompletion(replyEvents(chunk('One', null, { usage: null }), chunk('', 'stop', { usage }), '[DONE]'));
    const asked = await gateway.complete({ ...REQUEST, stream_options: { include_usage: true } });
    const events = await eventsOf(asked);
    expect(events.pop()).toBe('[DONE]');
    expect(events.map((event) => JSON.parse(event) as object)).toEqual([
      chunk('One', null, { usage: null }),
      chunk('', 'stop'),
      chunk('', null, { choices: [], usage }),
    ]);
  });

  it('leaves counts on every chunk to a client that asked for them', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    upstream.onCompletion(replyEvents(chunk('One', 'stop', { usage }), USAGE, '[DONE]'));
    const options = { include_usage: true, continuous_usage_stats: true };
    const asked = await gateway.complete({ ...REQUEST, stream_options: options });
    expect(await eventsOf(asked)).toEqual([
      JSON.stringify(chunk('One', 'stop', { usage })),
      JSON.stringify(USAGE),
      '[DONE]',
    ]);
    expect(upstream.lastRequest.body.stream_options).toEqual(options);
  });

  it('keeps the status of a failure that comes as the first event', async () => {
    upstream.onCompletion(
      replyEvents({ error: { message: 'too long', type: 'BadRequestError', code: 400 } }, '[DONE]'),
    );
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error).toEqual({
      message: 'too long',
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_request_error',
    });
  });

  it('answers 502 when the stream ends before its first event', async () => {
    upstream.onCompletion(replyEvents());
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(502);
    expect((await errorOf(response)).error.code).toBe('upstream_error');
  });

  it('ends with an error event and without [DONE] when the upstream ends its stream early', async () => {
    upstream.onCompletion(replyEvents(chunk('One')));
    const [first, second, ...rest] = await eventsOf(await gateway.complete(REQUEST));
    expect(first).toBe(JSON.stringify(chunk('One')));
    expect(JSON.parse(second ?? '')).toMatchObject({ error: { type: 'upstream_error', code: 'upstream_error' } });
    expect(rest).toEqual([]);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({
      status: 200,
      errorCode: 'upstream_error',
      errorReason: 'the stream ended before its end',
    });
  });

  it('delivers what came before an error event', async () => {
    upstream.onCompletion(replyEvents(chunk('One'), chunk(' two'), { error: { message: 'out of memory', code: 500 } }));
    const delivered = await eventsOf(await gateway.complete(REQUEST));
    expect(delivered.slice(0, 2)).toEqual([JSON.stringify(chunk('One')), JSON.stringify(chunk(' two'))]);
    expect(delivered).toHaveLength(3);
    expect(JSON.parse(delivered[2] ?? '')).toHaveProperty('error.code', 'upstream_error');
  });

  it('ends with [DONE], and frees the slot of an upstream that does not end its answer', async () => {
    await gateway.stop();
    gateway = await Gateway.inFrontOf(upstream, { clock, upstream: { maxConcurrency: 1 } });
    upstream.onCompletion((response) => {
      beginStream(response);
      response.write(events(chunk('One', 'stop'), '[DONE]'));
    });
    for (let i = 0; i < 3; i++) {
      expect(await eventsOf(await gateway.complete(REQUEST))).toEqual([JSON.stringify(chunk('One', 'stop')), '[DONE]']);
    }
    clock.advance(30_000);
    await Promise.all(upstream.requests.map(({ aborted }) => aborted));
  });

  it('adds a missing [DONE] when every choice has finished', async () => {
    upstream.onCompletion(replyEvents(chunk('One', 'stop')));
    expect(await eventsOf(await gateway.complete(REQUEST))).toEqual([JSON.stringify(chunk('One', 'stop')), '[DONE]']);
  });

  it('sends a comment when the upstream is silent for 15 s, but not before the first event', async () => {
    const say = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    upstream.onCompletion(async (response) => {
      beginStream(response);
      response.flushHeaders();
      await say.promise;
      response.write(events(chunk('One')));
      await finish.promise;
      response.end(events(chunk(' two', 'stop'), '[DONE]'));
    });
    const pending = gateway.complete(REQUEST);
    await upstream.received();
    clock.advance(20_000);
    say.resolve();
    const reader = new AnswerReader(await pending);
    expect(await reader.next()).toBe(events(chunk('One')));
    clock.advance(15_000);
    expect(await reader.next()).toBe(':\n\n');
    clock.advance(14_999);
    finish.resolve();
    expect(await reader.next()).toBe(events(chunk(' two', 'stop'), '[DONE]'));
  });
});
