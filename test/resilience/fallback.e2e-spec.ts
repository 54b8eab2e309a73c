import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deflateSync, gzipSync } from 'node:zlib';
import {
  answerWell,
  answerWith,
  BadAndGood,
  contentType,
  expectGoodAnswer,
  FIRST_BYTE_MS,
  isStream,
  REQUEST,
} from '../support/bad-and-good.js';
import {
  beginStream,
  type Behaviour,
  completion,
  type FakeUpstream,
  hang,
  replyEvents,
  replyJson,
  reset,
} from '../support/fake-upstream.js';
import { errorOf, type Gateway } from '../support/gateway.js';
import { until } from '../support/wait.js';

const breakOff: Behaviour = (response, request) => {
  response.writeHead(200, { 'content-type': contentType(isStream(request)), 'content-length': 1000 });
  response.write(isStream(request) ? 'data: {"id":' : '{"id":', () => response.socket?.destroy());
};

describe('POST /v1/completions in front of a bad upstream and a good one', () => {
  let servers: BadAndGood;
  let bad: FakeUpstream;
  let good: FakeUpstream;

  beforeEach(async () => {
    servers = await BadAndGood.start();
    ({ bad, good } = servers);
  });

  afterEach(() => servers.stop());

  const sentBody = (stream: boolean): object => ({
    ...REQUEST,
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
  });

  async function expectFallback(
    gateway: Gateway,
    send: (stream: boolean) => Promise<Response>,
    badCount: number,
  ): Promise<void> {
    for (const [index, stream] of [false, true].entries()) {
      await expectGoodAnswer(await send(stream), stream);
      const line = (await gateway.accessLog(index + 1))[index];
      expect(line).toMatchObject({ status: 200, upstream: 'good', attempts: 2 });
      expect(line).not.toHaveProperty('resumes');
      expect(line).not.toHaveProperty('errorCode');
    }
    const sent = [sentBody(false), sentBody(true)];
    expect(bad.requests.map(({ body }) => body)).toEqual(sent.slice(0, badCount));
    expect(good.requests.map(({ body }) => body)).toEqual(sent);
    // Every attempt is the same, byte for byte, under an id of its own.
    for (const [index, { text, headers }] of bad.requests.entries()) {
      expect(text).toBe(good.requests[index]?.text);
      const ids = [headers, good.requests[index]?.headers ?? {}].map((each) => String(each['x-request-id']));
      expect(ids[1]).toBe(ids[0]?.replace(/-1-1$/, '-2-1'));
    }
  }

  const failures: [name: string, behaviour: Behaviour][] = [
    ['a reset before an answer', reset],
    ['a reset in the first piece of the answer', breakOff],
    ['500 with HTML', replyJson('<h1>Oops</h1>', 500, { 'content-type': 'text/html' })],
    ['503', replyJson({ error: { message: 'loading' } }, 503)],
    ['408', replyJson('', 408)],
    ['429', replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '0' })],
    ['a refused credential', replyJson({ error: { message: 'bad key' } }, 401)],
    ['a model that it lacks', replyJson({ error: { message: 'no such model' } }, 404)],
    ['a redirect', replyJson('', 307, { location: 'http://127.0.0.1/' })],
    [
      '200 with broken JSON',
      (response, request) =>
        isStream(request)
          ? replyEvents('{"choices":[')(response, request)
          : replyJson('{"choices":[')(response, request),
    ],
    [
      '200 with an error in it',
      (response, request) => {
        const error = { error: { message: 'out of memory', code: 500 } };
        return isStream(request) ? replyEvents(error)(response, request) : replyJson(error)(response, request);
      },
    ],
    [
      '200 with nothing',
      (response, request) => response.writeHead(200, { 'content-type': contentType(isStream(request)) }).end() as never,
    ],
    ['what claims to be gzip and is not', answerWith((plain) => plain, { 'content-encoding': 'gzip' })],
    ['gzip that is cut off', answerWith((plain) => gzipSync(plain).subarray(0, 20), { 'content-encoding': 'gzip' })],
    [
      'a content coding that nobody asked for',
      answerWith((plain) => deflateSync(plain), { 'content-encoding': 'deflate' }),
    ],
    ['gzip within gzip', answerWith((plain) => gzipSync(gzipSync(plain)), { 'content-encoding': 'gzip, gzip' })],
    ['an unknown content coding', answerWith((plain) => plain, { 'content-encoding': 'rot13' })],
  ];

  it.each(failures)('answers as the good one does after %s, and asks each once', async (_, behaviour) => {
    bad.onCompletion(behaviour);
    const gateway = await servers.gatewayWith();
    await expectFallback(gateway, (stream) => gateway.complete({ ...REQUEST, stream }), 2);
  });

  it.each<[string, (port: string) => string, boolean]>([
    ['nothing listens', (port) => `http://127.0.0.1:${port}/v1`, true],
    ['plain HTTP is spoken, and TLS expected', (port) => `https://127.0.0.1:${port}/v1`, false],
    ['the name does not resolve', () => 'http://no-such-host.invalid/v1', false],
  ])('answers as the good one does where %s', async (_, urlOf, isStopped) => {
    const { port } = new URL(bad.baseUrl);
    // An active check would find it down before the first request.
    const gateway = await servers.gatewayWith({ bad: { baseUrl: urlOf(port), healthCheck: 'off' } });
    if (isStopped) await bad.stop();
    await expectFallback(gateway, (stream) => gateway.complete({ ...REQUEST, stream }), 0);
  });

  it('answers as the good one does when the first is silent for too long, and aborts that request', async () => {
    bad.onCompletion(hang);
    const gateway = await servers.gatewayWith();
    let count = 0;
    await expectFallback(
      gateway,
      async (stream) => {
        const pending = gateway.complete({ ...REQUEST, stream });
        const request = await bad.received(++count);
        servers.clock.advance(FIRST_BYTE_MS - 1);
        expect(good.requests).toHaveLength(count - 1);
        servers.clock.advance(1);
        await request.aborted;
        return pending;
      },
      2,
    );
  });

  it('gives up on an endless event, and answers as the good one does', async () => {
    bad.onCompletion((response) => {
      beginStream(response);
      response.write(`data: {"text":"${'x'.repeat(17 * 1024 * 1024)}`);
    });
    const gateway = await servers.gatewayWith();
    await expectGoodAnswer(await gateway.complete({ ...REQUEST, stream: true }), true);
    await bad.lastRequest.aborted;
    expect(servers.counts).toEqual([1, 1]);
  });

  it('asks a rate-limited upstream again only after its Retry-After', async () => {
    bad.onCompletion(replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '5' }));
    const gateway = await servers.gatewayWith();
    const countsAfterOne = async (): Promise<number[]> => {
      await expectGoodAnswer(await gateway.complete(REQUEST), false);
      return servers.counts;
    };
    expect(await countsAfterOne()).toEqual([1, 1]);
    expect(await countsAfterOne()).toEqual([1, 2]);
    servers.clock.advance(4_999);
    expect(await countsAfterOne()).toEqual([1, 3]);
    servers.clock.advance(1);
    bad.onCompletion(answerWell);
    expect(await countsAfterOne()).toEqual([2, 3]);
  });

  it('answers 429 with the shortest Retry-After when all are rate-limited, and asks none again', async () => {
    bad.onCompletion(replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '20' }));
    good.onCompletion(replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '30' }));
    const gateway = await servers.gatewayWith();
    const first = await gateway.complete(REQUEST);
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '30']);
    servers.clock.advance(4_000);
    const second = await gateway.complete(REQUEST);
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '16']);
    expect((await errorOf(second)).error).toEqual({
      message: 'Every upstream of this model is at its rate limit.',
      type: 'rate_limit_error',
      param: null,
      code: 'rate_limit_exceeded',
    });
    expect(servers.counts).toEqual([1, 1]);
  });

  it('waits out a short Retry-After when there is no other upstream', async () => {
    let count = 0;
    const refuse = replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '1' });
    good.onCompletion((response, request) => (count++ === 0 ? refuse : answerWell)(response, request));
    const gateway = await servers.gatewayInFrontOf(good);
    const pending = gateway.complete(REQUEST);
    await good.received();
    await until('a timer of 1 s', () => servers.clock.pendingMs.includes(1_000));
    servers.clock.advance(1_000);
    await expectGoodAnswer(await pending, false);
    expect(good.requests).toHaveLength(2);
  });

  it.each([401, 404])('does not ask the only upstream again after %i', async (status) => {
    bad.onCompletion(replyJson({ error: { message: 'no' } }, status));
    const gateway = await servers.gatewayInFrontOf(bad);
    expect((await gateway.complete(REQUEST)).status).toBe(status === 401 ? 502 : 404);
    expect(bad.requests).toHaveLength(1);
  });

  it('spends no retry budget on a 404: every request finds the upstream that has the model', async () => {
    bad.onCompletion(replyJson({ error: { message: 'no such model' } }, 404));
    const gateway = await servers.gatewayWith({ routing: { retryBudgetPercent: 0 } });
    for (let i = 0; i < 20; i++) await expectGoodAnswer(await gateway.complete(REQUEST), false);
    expect(servers.counts).toEqual([20, 20]);
  });

  it.each([400, 413, 422])('sends a request that was refused with %i to no other upstream', async (status) => {
    bad.onCompletion(replyJson({ error: { message: 'too long', code: 'too_long' } }, status));
    const gateway = await servers.gatewayWith();
    for (const stream of [false, true]) {
      const response = await gateway.complete({ ...REQUEST, stream });
      expect(response.status).toBe(status === 413 ? 413 : 400);
      expect((await errorOf(response)).error).toMatchObject({ message: 'too long', type: 'invalid_request_error' });
    }
    expect(servers.counts).toEqual([2, 0]);
  });

  it('answers 504 at once after a timeout with `retryTimeouts: false`', async () => {
    bad.onCompletion(hang);
    const gateway = await servers.gatewayWith({ routing: { retryTimeouts: false } });
    for (const [index, stream] of [false, true].entries()) {
      const pending = gateway.complete({ ...REQUEST, stream });
      await bad.received(index + 1);
      servers.clock.advance(FIRST_BYTE_MS);
      const response = await pending;
      expect(response.status).toBe(504);
      expect((await errorOf(response)).error.code).toBe('upstream_timeout');
    }
    expect(good.requests).toHaveLength(0);
  });

  it('skips an upstream that refuses extra fields when there are some, and only then', async () => {
    bad.onCompletion(answerWell);
    const gateway = await servers.gatewayWith({
      bad: { extraParameters: 'refuse' },
      good: { extraParameters: 'forward' },
    });
    await expectGoodAnswer(await gateway.complete({ ...REQUEST, top_k: 5 }), false);
    expect(servers.counts).toEqual([0, 1]);
    expect(good.lastRequest.body).toEqual({ ...REQUEST, top_k: 5 });
    await expectGoodAnswer(await gateway.complete(REQUEST), false);
    expect(servers.counts).toEqual([1, 1]);
  });

  it('sends each upstream its own model name, and answers with the requested one', async () => {
    bad.onCompletion(replyJson('', 500));
    const gateway = await servers.gatewayWith({
      bad: { models: { alias: 'bad-model' } },
      good: { models: { alias: 'good-model', other: 'x' } },
    });
    const response = await gateway.complete({ ...REQUEST, model: 'alias' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(completion('Good', { model: 'alias' }));
    expect(bad.requests.map(({ body }) => body)).toEqual([{ ...REQUEST, model: 'bad-model' }]);
    expect(good.requests.map(({ body }) => body)).toEqual([{ ...REQUEST, model: 'good-model' }]);
  });
});
