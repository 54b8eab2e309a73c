import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { type Behaviour, completion, FakeUpstream, replyJson, reset } from './support/fake-upstream.js';
import { errorOf, Gateway, ONE_ATTEMPT } from './support/gateway.js';
import { listen } from './support/listen.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };

const VLLM_ERROR = {
  error: { message: 'max_tokens is too large', type: 'BadRequestError', param: 'max_tokens', code: 400 },
};

describe('POST /v1/completions in front of an upstream that fails', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { config: { routing: ONE_ATTEMPT } });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const cases: [promise: string, behaviour: Behaviour, status: number, error: object][] = [
    [
      'a refusal in the shape of vLLM',
      replyJson(VLLM_ERROR, 400),
      400,
      { message: 'max_tokens is too large', param: 'max_tokens', code: 'invalid_request_error' },
    ],
    [
      'a refusal in the shape of FastAPI',
      replyJson({ detail: [{ loc: ['body', 'n'], msg: 'too many', type: 'x' }] }, 422),
      400,
      { message: 'n: too many', code: 'invalid_request_error' },
    ],
    [
      'a refusal in the shape of TGI',
      replyJson({ error: 'Input is too long', error_type: 'validation' }, 422),
      400,
      { message: 'Input is too long', code: 'invalid_request_error' },
    ],
    [
      'a refusal in the flat shape of SGLang',
      replyJson({ object: 'error', message: 'bad', type: 'BadRequestError', code: 400 }, 400),
      400,
      { message: 'bad' },
    ],
    ['a refusal without a body', replyJson('', 400), 400, { message: 'The upstream refused the request.' }],
    ['a refused credential', replyJson({ error: 'Unauthorized' }, 401), 502, { code: 'upstream_refused_credential' }],
    [
      'a forbidden model',
      replyJson({ error: { message: 'no access for key sk-1' } }, 403),
      502,
      { code: 'upstream_refused_credential' },
    ],
    [
      'an unknown model',
      replyJson({ error: { message: 'model "x" not found' } }, 404),
      404,
      { code: 'model_not_found', param: 'model' },
    ],
    [
      'a wrong base URL',
      replyJson('<h1>Not Found</h1>', 404, { 'content-type': 'text/html' }),
      502,
      { code: 'upstream_error' },
    ],
    [
      'a failure with HTML',
      replyJson('<h1>Oops</h1>', 500, { 'content-type': 'text/html' }),
      502,
      { code: 'upstream_error' },
    ],
    [
      'a failure with a secret in it',
      replyJson({ error: { message: 'secret sk-1' } }, 500),
      502,
      { message: 'The upstream failed with status 500.' },
    ],
    ['a redirect', replyJson('', 307, { location: 'http://127.0.0.1/' }), 502, { code: 'upstream_error' }],
    ['a good status with broken JSON', replyJson('{"choices":['), 502, { code: 'upstream_error' }],
    ['a good status with null', replyJson('null'), 502, { code: 'upstream_error' }],
    ['a good status with an error', replyJson({ error: { message: 'no', code: 400 } }), 400, { message: 'no' }],
    ['a good status without choices', replyJson({ object: 'text_completion' }), 502, { code: 'upstream_error' }],
    ['a connection that is cut', reset, 502, { code: 'upstream_error' }],
    ['a timeout of its own', replyJson({ error: { message: 'slow' } }, 504), 504, { code: 'upstream_timeout' }],
  ];

  it.each(cases)('turns %s into its own answer', async (_, behaviour, status, error) => {
    upstream.onCompletion(behaviour);
    for (const stream of [false, true]) {
      const response = await gateway.complete({ ...REQUEST, stream });
      const answer = await errorOf(response);
      expect({ status: response.status, ...answer.error }).toMatchObject({ status, ...error });
      expect(answer.detail).toBe(answer.error.message);
    }
    expect(JSON.stringify(gateway.logLines)).not.toContain('sk-1');
  });

  it.each([429, 503])("passes a %i's Retry-After and limits on", async (status) => {
    upstream.onCompletion(
      replyJson({ error: { message: 'later' } }, status, {
        'retry-after': '17',
        'x-ratelimit-remaining-requests': '0',
      }),
    );
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe('17');
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  });

  it('answers 400 to a refusal that repeats a long prompt', async () => {
    upstream.onCompletion(
      replyJson({ detail: [{ loc: ['body', 'n'], msg: 'too many', input: 'x'.repeat(300_000) }] }, 400),
    );
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error.message).toBe('n: too many');
    upstream.onCompletion(replyJson(`{"detail": "${'x'.repeat(3_000_000)}"}`, 400));
    expect((await gateway.complete(REQUEST)).status).toBe(400);
  });

  it.each([
    ['60', null],
    ['61', 'false'],
  ])(
    'tells the libraries not to retry when they would ignore a Retry-After of %s s: %s',
    async (retryAfter, expected) => {
      upstream.onCompletion(replyJson({ error: { message: 'later' } }, 429, { 'retry-after': retryAfter }));
      const { headers } = await gateway.complete(REQUEST);
      expect([headers.get('retry-after'), headers.get('x-should-retry')]).toEqual([retryAfter, expected]);
    },
  );

  it('answers 503 with Retry-After when nothing listens there', async () => {
    await upstream.stop();
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect((await errorOf(response)).error).toMatchObject({ type: 'upstream_error', code: 'no_upstream_available' });
  });

  it('answers 503 when the name of the upstream does not resolve', async () => {
    await gateway.stop();
    gateway = await Gateway.inFrontOf(
      { baseUrl: 'http://no-such-host.invalid/v1' },
      { config: { routing: ONE_ATTEMPT } },
    );
    expect((await gateway.complete(REQUEST)).status).toBe(503);
  });

  it('answers 502 when what listens there does not speak HTTP', async () => {
    const server = createServer((socket) => socket.end('I am a teapot\r\n\r\n'));
    const port = await listen(server);
    await gateway.stop();
    gateway = await Gateway.inFrontOf({ baseUrl: `http://127.0.0.1:${port}/v1` }, { config: { routing: ONE_ATTEMPT } });
    expect((await gateway.complete(REQUEST)).status).toBe(502);
    server.close();
  });

  it('answers 502 to an unknown content coding, and logs which', async () => {
    upstream.onCompletion(replyJson(completion('Hello'), 200, { 'content-encoding': 'x-unknown' }));
    expect((await gateway.complete(REQUEST)).status).toBe(502);
    const [line] = await gateway.accessLog();
    expect(line?.errorReason).toMatch('an answer in the content coding x-unknown');
  });

  it('answers 502 when the answer breaks off', async () => {
    upstream.onCompletion((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
      response.write('{"choices":', () => response.socket?.destroy());
    });
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(502);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 502, errorCode: 'upstream_error', upstream: 'fake' });
  });
});
