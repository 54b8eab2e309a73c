import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGzip, deflateSync, gzipSync } from 'node:zlib';
import {
  beginStream,
  type Behaviour,
  chunk,
  completion,
  events,
  FakeUpstream,
  hang,
  replyEvents,
  replyJson,
  reset,
} from '../support/fake-upstream.js';
import { errorOf, Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { until } from '../support/wait.js';

const REQUEST = { model: 'test-model', prompt: 'Hi', temperature: 0.5, seed: 7, logit_bias: { '5': 1 } };
const FIRST_BYTE_MS = 2_000;
const USAGE_CHUNK = chunk('', null, {
  choices: [],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});
const JSON_ANSWER = JSON.stringify(completion('Good'));
const STREAM_ANSWER = events(chunk('Go'), chunk('od', 'stop'), '[DONE]');
/** With the usage that the gateway asks for and this caller did not. */
const UPSTREAM_STREAM = events(chunk('Go'), chunk('od', 'stop'), USAGE_CHUNK, '[DONE]');

const isStream = (request: { body: Record<string, unknown> }): boolean => request.body.stream === true;
const contentType = (stream: boolean): string => (stream ? 'text/event-stream' : 'application/json');

/** The good answer, streamed if asked so, as bytes that `encode` makes. */
function answerWith(encode: (plain: string) => string | Buffer, headers: Record<string, string> = {}): Behaviour {
  return (response, request) => {
    const stream = isStream(request);
    response.writeHead(200, { 'content-type': contentType(stream), ...headers });
    response.end(encode(stream ? UPSTREAM_STREAM : JSON_ANSWER));
  };
}

const answerWell = answerWith((plain) => plain);

const answerByteByByte: Behaviour = async (response, request) => {
  const stream = isStream(request);
  response.writeHead(200, { 'content-type': contentType(stream) });
  for (const byte of Buffer.from(stream ? UPSTREAM_STREAM : JSON_ANSWER)) {
    await new Promise((resolve) => response.write(Buffer.of(byte), resolve));
  }
  response.end();
};

const breakOff: Behaviour = (response, request) => {
  response.writeHead(200, { 'content-type': contentType(isStream(request)), 'content-length': 1000 });
  response.write(isStream(request) ? 'data: {"id":' : '{"id":', () => response.socket?.destroy());
};

describe('POST /v1/completions in front of a bad upstream and a good one', () => {
  let bad: FakeUpstream;
  let good: FakeUpstream;
  let gateway: Gateway | undefined;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    bad = await FakeUpstream.start();
    good = await FakeUpstream.start(answerWell);
  });

  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
    await good.stop();
    await bad.stop();
  });

  /** The bad upstream is the preferred one. */
  async function start(options: { bad?: object; good?: object; routing?: object } = {}): Promise<Gateway> {
    const timeouts = { firstByteMs: FIRST_BYTE_MS };
    gateway = await Gateway.start(
      {
        upstreams: [
          { name: 'bad', baseUrl: bad.baseUrl, timeouts, ...options.bad },
          { name: 'good', baseUrl: good.baseUrl, priority: 1, ...options.good },
        ],
        routing: options.routing ?? {},
      },
      clock,
    );
    return gateway;
  }

  /** As if there were only the good upstream. */
  async function expectGoodAnswer(response: Response, stream: boolean): Promise<void> {
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(`${contentType(stream)}; charset=utf-8`);
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(await response.text()).toBe(stream ? STREAM_ANSWER : JSON_ANSWER);
  }

  const sentBody = (stream: boolean): object => ({
    ...REQUEST,
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
  });

  async function expectFallback(send: (stream: boolean) => Promise<Response>, badCount: number): Promise<void> {
    for (const [index, stream] of [false, true].entries()) {
      await expectGoodAnswer(await send(stream), stream);
      const line = (await gateway?.accessLog(index + 1))?.[index];
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
    ['what is said to be gzip and is not', answerWith((plain) => plain, { 'content-encoding': 'gzip' })],
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
    const running = await start();
    await expectFallback((stream) => running.complete({ ...REQUEST, stream }), 2);
  });

  it.each<[string, (port: string) => string, boolean]>([
    ['nothing listens', (port) => `http://127.0.0.1:${port}/v1`, true],
    ['plain HTTP is spoken, and TLS expected', (port) => `https://127.0.0.1:${port}/v1`, false],
    ['the name does not resolve', () => 'http://no-such-host.invalid/v1', false],
  ])('answers as the good one does where %s', async (_, urlOf, isStopped) => {
    const { port } = new URL(bad.baseUrl);
    // An active check would find it down before the first request.
    const running = await start({ bad: { baseUrl: urlOf(port), healthCheck: 'off' } });
    if (isStopped) await bad.stop();
    await expectFallback((stream) => running.complete({ ...REQUEST, stream }), 0);
    if (isStopped) bad = await FakeUpstream.start();
  });

  it('answers as the good one does when the first is silent for too long, and aborts that request', async () => {
    bad.onCompletion(hang);
    const running = await start();
    let count = 0;
    await expectFallback(async (stream) => {
      const pending = running.complete({ ...REQUEST, stream });
      const request = await bad.received(++count);
      clock.advance(FIRST_BYTE_MS - 1);
      expect(good.requests).toHaveLength(count - 1);
      clock.advance(1);
      await request.aborted;
      return pending;
    }, 2);
  });

  it('gives up an event that does not end, and answers as the good one does', async () => {
    bad.onCompletion((response) => {
      beginStream(response);
      response.write(`data: {"text":"${'x'.repeat(17 * 1024 * 1024)}`);
    });
    const running = await start();
    await expectGoodAnswer(await running.complete({ ...REQUEST, stream: true }), true);
    await bad.lastRequest.aborted;
    expect([bad.requests.length, good.requests.length]).toEqual([1, 1]);
  });

  it('leaves a rate-limited upstream alone until its Retry-After is over', async () => {
    bad.onCompletion(replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '5' }));
    const running = await start();
    const countsAfterOne = async (): Promise<number[]> => {
      await expectGoodAnswer(await running.complete(REQUEST), false);
      return [bad.requests.length, good.requests.length];
    };
    expect(await countsAfterOne()).toEqual([1, 1]);
    expect(await countsAfterOne()).toEqual([1, 2]);
    clock.advance(4_999);
    expect(await countsAfterOne()).toEqual([1, 3]);
    clock.advance(1);
    bad.onCompletion(answerWell);
    expect(await countsAfterOne()).toEqual([2, 3]);
  });

  it('answers 429 with the shortest Retry-After when all are rate-limited, and asks nobody again', async () => {
    bad.onCompletion(replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '20' }));
    good.onCompletion(replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '30' }));
    const running = await start();
    const first = await running.complete(REQUEST);
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '30']);
    clock.advance(4_000);
    const second = await running.complete(REQUEST);
    expect([second.status, second.headers.get('retry-after')]).toEqual([429, '16']);
    expect((await errorOf(second)).error).toEqual({
      message: 'Every upstream of this model is at its rate limit.',
      type: 'rate_limit_error',
      param: null,
      code: 'rate_limit_exceeded',
    });
    expect([bad.requests.length, good.requests.length]).toEqual([1, 1]);
  });

  it('waits a short Retry-After out when there is nobody else', async () => {
    let count = 0;
    const refuse = replyJson({ error: { message: 'later' } }, 429, { 'retry-after': '1' });
    good.onCompletion((response, request) => (count++ === 0 ? refuse : answerWell)(response, request));
    gateway = await Gateway.inFrontOf(good, { clock });
    const pending = gateway.complete(REQUEST);
    await good.received();
    await clockWaits(1_000);
    clock.advance(1_000);
    await expectGoodAnswer(await pending, false);
    expect(good.requests).toHaveLength(2);
  });

  it.each([401, 404])('does not ask the only upstream again after %i', async (status) => {
    bad.onCompletion(replyJson({ error: { message: 'no' } }, status));
    gateway = await Gateway.inFrontOf(bad, { clock });
    expect((await gateway.complete(REQUEST)).status).toBe(status === 401 ? 502 : 404);
    expect(bad.requests).toHaveLength(1);
  });

  it('finds the upstream that has the model however many requests come: a 404 is not taken from the budget', async () => {
    bad.onCompletion(replyJson({ error: { message: 'no such model' } }, 404));
    const running = await start({ routing: { retryBudgetPercent: 0 } });
    for (let i = 0; i < 20; i++) await expectGoodAnswer(await running.complete(REQUEST), false);
    expect([bad.requests.length, good.requests.length]).toEqual([20, 20]);
  });

  it.each([400, 413, 422])('sends a request that was refused with %i to nobody else', async (status) => {
    bad.onCompletion(replyJson({ error: { message: 'too long', code: 'too_long' } }, status));
    const running = await start();
    for (const stream of [false, true]) {
      const response = await running.complete({ ...REQUEST, stream });
      expect(response.status).toBe(status === 413 ? 413 : 400);
      expect((await errorOf(response)).error).toMatchObject({ message: 'too long', type: 'invalid_request_error' });
    }
    expect([bad.requests.length, good.requests.length]).toEqual([2, 0]);
  });

  it('answers 504 at once after a timeout with `retryTimeouts: false`', async () => {
    bad.onCompletion(hang);
    const running = await start({ routing: { retryTimeouts: false } });
    for (const [index, stream] of [false, true].entries()) {
      const pending = running.complete({ ...REQUEST, stream });
      await bad.received(index + 1);
      clock.advance(FIRST_BYTE_MS);
      const response = await pending;
      expect(response.status).toBe(504);
      expect((await errorOf(response)).error.code).toBe('upstream_timeout');
    }
    expect(good.requests).toHaveLength(0);
  });

  it('skips an upstream that refuses extra fields when there are some, and only then', async () => {
    bad.onCompletion(answerWell);
    const running = await start({ bad: { extraParameters: 'refuse' }, good: { extraParameters: 'forward' } });
    await expectGoodAnswer(await running.complete({ ...REQUEST, top_k: 5 }), false);
    expect([bad.requests.length, good.requests.length]).toEqual([0, 1]);
    expect(good.lastRequest.body).toEqual({ ...REQUEST, top_k: 5 });
    await expectGoodAnswer(await running.complete(REQUEST), false);
    expect([bad.requests.length, good.requests.length]).toEqual([1, 1]);
  });

  it("gives each upstream its own name of the model, and the caller the caller's", async () => {
    bad.onCompletion(replyJson('', 500));
    const running = await start({
      bad: { models: { alias: 'bad-model' } },
      good: { models: { alias: 'good-model', other: 'x' } },
    });
    const response = await running.complete({ ...REQUEST, model: 'alias' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(completion('Good', { model: 'alias' }));
    expect(bad.requests.map(({ body }) => body)).toEqual([{ ...REQUEST, model: 'bad-model' }]);
    expect(good.requests.map(({ body }) => body)).toEqual([{ ...REQUEST, model: 'good-model' }]);
  });

  it.each<[string, Behaviour]>([
    ['one byte at a time', answerByteByByte],
    ['as gzip', answerWith((plain) => gzipSync(plain), { 'content-encoding': 'gzip' })],
    ['as GZIP, by another name', answerWith((plain) => gzipSync(plain), { 'content-encoding': 'X-GZIP' })],
    ['as itself, and says so', answerWith((plain) => plain, { 'content-encoding': 'identity' })],
  ])('takes an answer that comes %s', async (_, behaviour) => {
    bad.onCompletion(behaviour);
    const running = await start();
    for (const stream of [false, true]) await expectGoodAnswer(await running.complete({ ...REQUEST, stream }), stream);
    expect(bad.requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'identity']);
    expect([bad.requests.length, good.requests.length]).toEqual([2, 0]);
  });

  it.each([
    ['is no gzip', Buffer.from('data: {}\n\n')],
    ['says nonsense', gzipSync(events('{"choices":'))],
  ])('aborts what is said to be gzip, does not end and %s', async (_, bytes) => {
    bad.onCompletion((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.write(bytes);
    });
    const running = await start();
    await expectGoodAnswer(await running.complete({ ...REQUEST, stream: true }), true);
    await bad.lastRequest.aborted;
    expect([bad.requests.length, good.requests.length]).toEqual([1, 1]);
  });

  it('reads the message of an error that comes as gzip', async () => {
    bad.onCompletion((response) => {
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ error: { message: 'too long' } })));
    });
    const running = await start();
    const response = await running.complete(REQUEST);
    expect([response.status, (await errorOf(response)).error.message]).toEqual([400, 'too long']);
  });

  it('passes each event of a gzip stream on as soon as it comes, and aborts when the caller goes', async () => {
    bad.onCompletion((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.pipe(response);
      gzip.write(events(chunk('Go')));
      gzip.flush();
    });
    const running = await start();
    const caller = new AbortController();
    const response = await running.complete({ ...REQUEST, stream: true }, { signal: caller.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe(events(chunk('Go')));
    caller.abort();
    await bad.lastRequest.aborted;
    expect(good.requests).toHaveLength(0);
  });

  /** Until a timer waits for so long: what happens over sockets takes its time. */
  async function clockWaits(milliseconds: number): Promise<void> {
    await until(`a timer of ${milliseconds} ms`, () => clock.pendingMs.includes(milliseconds));
  }
});
