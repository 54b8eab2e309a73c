import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../src/config/api-key-hash.js';
import {
  beginStream,
  chunk,
  completion,
  events,
  FakeUpstream,
  replyEvents,
  replyJson,
  reset,
} from './support/fake-upstream.js';
import { Gateway, type LogLine } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';

const KEY = 'dfproj_the-api-key';
const CREDENTIAL = 'the-upstream-credential';
const PROMPT = 'What is the plan?';
const COMPLETION = 'The plan is lunch.';
const USAGE = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };

describe('the access log', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, {
      clock,
      upstream: { apiKey: CREDENTIAL, models: { nice: 'test-model' } },
      config: {
        apiKeys: [{ id: 'team', hash: hashApiKey(KEY), organization: 'org-1', project: 'project-1' }],
        routing: { maxAttempts: 1 },
      },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  function complete(fields: object = {}, headers: Record<string, string> = {}): Promise<Response> {
    const body = { model: 'nice', prompt: PROMPT, ...fields };
    return gateway.complete(body, { headers: { authorization: `Bearer ${KEY}`, ...headers } });
  }

  it('has one line for a good answer, with all that is known of it', async () => {
    upstream.onCompletion((response, request) => {
      clock.advance(250);
      return replyJson(completion(COMPLETION))(response, request);
    });
    const response = await complete({}, { 'x-request-id': 'request-1' });
    const bytes = Buffer.byteLength(await response.text());
    expect(await gateway.accessLog()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        id: 'request-1',
        method: 'POST',
        path: '/v1/completions',
        status: 200,
        keyId: 'team',
        organization: 'org-1',
        project: 'project-1',
        model: 'nice',
        upstream: 'fake',
        upstreamIdPrefix: expect.stringMatching(/^request-1-[0-9a-f]{8}$/),
        attempts: 1,
        stream: false,
        durationMs: 250,
        firstByteMs: 250,
        promptTokens: 2,
        completionTokens: 3,
        bytesSent: bytes,
        msg: 'request',
      },
    ]);
  });

  it('has the first byte and the end of a stream, and its tokens though the client did not ask for them', async () => {
    upstream.onCompletion(async (response) => {
      clock.advance(40);
      beginStream(response);
      response.write(events(chunk('The ')));
      await firstRead.promise;
      clock.advance(60);
      response.end(events(chunk('plan', 'stop'), chunk('', null, { choices: [], usage: USAGE }), '[DONE]'));
    });
    const firstRead = Promise.withResolvers<void>();
    const response = await complete({ stream: true });
    let bytesRead = 0;
    for await (const part of response.body as AsyncIterable<Uint8Array>) {
      bytesRead += part.length;
      firstRead.resolve();
    }
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({
      stream: true,
      status: 200,
      firstByteMs: 40,
      durationMs: 100,
      promptTokens: 2,
      completionTokens: 3,
      bytesSent: bytesRead,
    });
  });

  it('has one line for each refusal, with its code and without unknown fields', async () => {
    await (await gateway.get('/nothing?prompt=x', {})).text();
    await (await complete({}, { authorization: 'Bearer wrong' })).text();
    await (await complete({ n: 0 })).text();
    await (await complete({ model: 'unknown' })).text();
    const lines = (await gateway.accessLog(4)).map(({ time, id, level, durationMs, bytesSent, ...line }: LogLine) => {
      expect([typeof time, typeof id, level, durationMs, typeof bytesSent]).toEqual([
        'string',
        'string',
        'info',
        0,
        'number',
      ]);
      return line;
    });
    const caller = { keyId: 'team', organization: 'org-1', project: 'project-1' };
    const post = { method: 'POST', path: '/v1/completions', stream: false, msg: 'request' };
    expect(lines).toEqual([
      { method: 'GET', path: '/nothing', status: 404, errorCode: 'not_found', stream: false, msg: 'request' },
      { ...post, status: 401, errorCode: 'invalid_api_key' },
      { ...post, ...caller, status: 422, errorCode: 'greater_than_equal' },
      { ...post, ...caller, status: 404, errorCode: 'model_not_found', model: 'unknown' },
    ]);
  });

  it('has the reason of a failure, which the client does not see', async () => {
    upstream.onCompletion(reset);
    const answer = await (await complete()).text();
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 502, errorCode: 'upstream_error', upstream: 'fake' });
    expect(line?.errorReason).toEqual(expect.any(String));
    expect(answer).not.toContain(line?.errorReason);
    expect(answer).not.toContain('fake');
  });

  it('never holds a prompt, a completion, a key or the upstream credential, and neither does an error', async () => {
    const failed = chunk(COMPLETION, null, { error: { message: 'failed', code: 500 } });
    const cases: [() => void, () => Promise<Response>][] = [
      [() => upstream.onCompletion(replyJson(completion(COMPLETION))), () => complete()],
      [() => upstream.onCompletion(replyEvents(chunk(COMPLETION, 'stop'), '[DONE]')), () => complete({ stream: true })],
      [() => upstream.onCompletion(replyEvents(failed)), () => complete({ stream: true })],
      [() => upstream.onCompletion(replyJson(`{"choices":"${COMPLETION}"}`)), () => complete()],
      [() => upstream.onCompletion(replyJson(COMPLETION)), () => complete()],
      [() => upstream.onCompletion(replyJson({ error: { message: `Bad key: ${CREDENTIAL}` } }, 401)), () => complete()],
      [() => upstream.onCompletion(replyJson({ detail: `Traceback: ${PROMPT} ${CREDENTIAL}` }, 500)), () => complete()],
      [() => upstream.onCompletion(reset), () => complete()],
      [() => undefined, () => complete({ n: 0 })],
      [() => undefined, () => complete({ prompt: [PROMPT, 5], suffix: PROMPT, temperature: 3 })],
      [() => undefined, () => complete({ model: 'unknown' })],
      [() => undefined, () => complete({}, { 'openai-project': 'other' })],
      [() => undefined, () => complete({}, { authorization: `Bearer ${KEY}x` })],
      [() => undefined, () => complete({}, { authorization: `Basic ${KEY}` })],
      [() => undefined, () => complete({}, { 'content-type': 'text/plain' })],
      [
        () => undefined,
        () => gateway.complete(`{"prompt":"${PROMPT}`, { headers: { authorization: `Bearer ${KEY}` } }),
      ],
    ];
    const errors: string[] = [];
    for (const [prepare, send] of cases) {
      prepare();
      const response = await send();
      const answer = await response.text();
      if (!response.ok) errors.push(answer);
    }
    await gateway.accessLog(cases.length);
    const written = JSON.stringify(gateway.logLines) + errors.join('\n');
    expect(errors).toHaveLength(cases.length - 2);
    for (const secret of [PROMPT, COMPLETION, KEY, hashApiKey(KEY), CREDENTIAL]) expect(written).not.toContain(secret);
  });
});
