import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { FakeUpstream, replyAsAsked } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';
import { BODIES, type Expected, FIELDS, MISSING } from './support/refused-bodies.js';
import { until } from './support/wait.js';

const GOOD: [title: string, members: string, forwarded: object][] = [
  ['best_of 1 with n 1, as widely used clients send it', '"best_of":1,"n":1', { n: 1 }],
  ['best_of 1 with stream false', '"best_of":1,"stream":false', { stream: false }],
  ['best_of 0 with n 2, as not given', '"best_of":0,"n":2', { n: 2 }],
  ['an empty list of stops', '"stop":[]', {}],
  ['stops of 1,000 characters', `"stop":["${'𝄞'.repeat(1000)}"]`, { stop: ['𝄞'.repeat(1000)] }],
  ['an integer written as 1.0 and 1e2', '"n":1.0,"max_tokens":1e2', { n: 1, max_tokens: 100 }],
  [
    'null for every optional field, as not given',
    '"best_of":null,"echo":null,"frequency_penalty":null,"logit_bias":null,"logprobs":null,"max_tokens":null,"n":null,' +
      '"presence_penalty":null,"seed":null,"stop":null,"stream":null,"stream_options":null,"suffix":null,' +
      '"temperature":null,"top_p":null,"user":null',
    {},
  ],
  [
    'extra fields, as they came',
    '"top_k":40,"guided_json":{"properties":{"constructor":{"type":["string",null]}}},"toString":"x"',
    { top_k: 40, guided_json: { properties: { constructor: { type: ['string', null] } } }, toString: 'x' },
  ],
  ['stream_options without stream, as not given', '"stream_options":{"include_usage":true}', {}],
  ['the last of two members', '"n":0,"n":2,"model":"other","model":"m"', { n: 2 }],
];

const GZIP = { headers: { 'content-encoding': 'gzip' } };

describe('POST /v1/completions', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start(replyAsAsked);
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'forward' } });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  beforeEach(() => {
    upstream.requests.length = 0;
  });

  async function expectRefusal(response: Response, expected: Expected[]): Promise<void> {
    const detail = expected.map(([loc, msg, type]) => ({ loc: ['body', ...loc], msg, type }));
    const messages = expected.map(([loc, msg]) => (loc.length > 0 ? `${loc.join('.')}: ${msg}` : msg));
    const [[loc, , code]] = expected as [Expected];
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    expect(await errorOf(response)).toEqual({
      detail,
      error: { message: messages.join('; '), type: 'invalid_request_error', param: loc.join('.') || null, code },
    });
    expect(response.statusText).toMatch(/^Unprocessable Entity: [ -~]{0,98}$/);
    expect(upstream.requests).toEqual([]);
  }

  it.each(FIELDS)('answers 422 with each place and reason to %s', async (members, ...expected) => {
    await expectRefusal(await gateway.complete(`{"model":"m","prompt":"p",${members}}`), expected);
  });

  it.each(BODIES)('answers 422 to the body %s', async (body, ...expected) => {
    await expectRefusal(await gateway.complete(body), expected);
  });

  it.each(GOOD)('takes %s', async (_, members, forwarded) => {
    const response = await gateway.complete(`{"model":"m","prompt":"p",${members}}`);
    expect(response.status).toBe(200);
    expect(upstream.lastRequest.body).toEqual({ model: 'm', prompt: 'p', ...forwarded });
  });

  it('forwards unknown stream options, and leaves out those that are null', async () => {
    await gateway.complete({
      model: 'm',
      prompt: 'p',
      stream: true,
      stream_options: { include_usage: false, include_obfuscation: null, continuous_usage_stats: true },
    });
    expect(upstream.lastRequest.body.stream_options).toEqual({ include_usage: true, continuous_usage_stats: true });
  });

  it.each([
    ['nothing', '', MISSING()],
    ['spaces', '   ', [[], 'JSON decode error: not valid JSON', 'json_invalid']],
    [
      'a body that ends early',
      '{"model":"m","prompt":"pri',
      [[], 'JSON decode error: not valid JSON at position 26', 'json_invalid'],
    ],
    ['two bodies', '{} {}', [[], 'JSON decode error: not valid JSON at position 3', 'json_invalid']],
    ['NaN', '{"n":NaN}', [[], 'JSON decode error: not valid JSON', 'json_invalid']],
    ['a trailing comma', '{"n":1,}', [[], 'JSON decode error: not valid JSON at position 7', 'json_invalid']],
  ] satisfies [string, string, Expected][])('answers 422 to %s', async (_, body, expected) => {
    await expectRefusal(await gateway.complete(body), [expected]);
  });

  it.each(['"the secret plan', '"a" the secret plan', 'the secret plan', '"the secret plan\n"', '"the secret \\plan"'])(
    'does not repeat the text around a mistake in JSON: %j',
    async (prompt) => {
      const response = await gateway.complete(`{"model":"m","prompt":${prompt}}`);
      expect(response.status).toBe(422);
      const answer = await response.text();
      expect(answer).toContain('json_invalid');
      expect(answer).not.toMatch(/secret|plan/);
    },
  );

  it('answers 422 to bytes that are not UTF-8, instead of sending other text on', async () => {
    const bytes = Buffer.concat([Buffer.from('{"model":"m","prompt":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')]);
    await expectRefusal(await gateway.complete(bytes), [[[], 'JSON decode error: not valid UTF-8', 'json_invalid']]);
  });

  it('answers 422 to a body that is not in its content coding', async () => {
    const response = await gateway.complete('{}', GZIP);
    await expectRefusal(response, [
      [[], 'JSON decode error: the body is not compressed as Content-Encoding says', 'json_invalid'],
    ]);
  });

  it('answers 422 `missing` to a body of no bytes, compressed or chunked', async () => {
    const compressed = await gateway.complete(gzipSync(''), GZIP);
    await expectRefusal(compressed, [MISSING()]);
    await expectRefusal(await gateway.complete(new Blob([]).stream()), [MISSING()]);
  });
});

describe('POST /v1/completions in front of an upstream with `extraParameters: refuse`', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start(replyAsAsked);
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'refuse' } });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('answers 422 with each extra field that says something, those of stream_options too', async () => {
    const response = await gateway.complete({
      model: 'm',
      prompt: 'p',
      top_k: 40,
      typical_p: 0.5,
      min_p: null,
      repetition_penalty: 1,
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    });
    expect(response.status).toBe(422);
    const msg = 'Extra inputs are not permitted';
    expect(await errorOf(response)).toEqual({
      detail: [
        { loc: ['body', 'top_k'], msg, type: 'extra_forbidden' },
        { loc: ['body', 'typical_p'], msg, type: 'extra_forbidden' },
        { loc: ['body', 'stream_options', 'continuous_usage_stats'], msg, type: 'extra_forbidden' },
      ],
      error: {
        message: `top_k: ${msg}; typical_p: ${msg}; stream_options.continuous_usage_stats: ${msg}`,
        type: 'invalid_request_error',
        param: 'top_k',
        code: 'extra_forbidden',
      },
    });
    expect(upstream.requests).toEqual([]);
  });

  it('takes every field of the contract', async () => {
    const body = {
      model: 'm',
      prompt: ['a', 'b'],
      best_of: 3,
      echo: true,
      frequency_penalty: 1,
      logit_bias: { 5: -100 },
      logprobs: 5,
      max_tokens: 0,
      n: 2,
      presence_penalty: -1,
      seed: -7,
      stop: ['.', '\n'],
      stream: false,
      suffix: 'end',
      temperature: 0,
      top_p: 0.5,
      user: 'u',
    };
    expect((await gateway.complete(body)).status).toBe(200);
    expect(upstream.lastRequest.body).toEqual(body);
  });
});

describe('POST /v1/completions with fields that an engine takes or lacks', () => {
  let upstream: FakeUpstream;
  const running: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    upstream = await FakeUpstream.start(replyAsAsked);
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
  });

  afterAll(() => upstream.stop());

  async function gatewayFor(options: object): Promise<Gateway> {
    const gateway = await Gateway.inFrontOf(upstream, { upstream: options });
    running.push(gateway);
    return gateway;
  }

  it('sends those that the engine takes', async () => {
    const gateway = await gatewayFor({ engine: 'vllm' });
    expect((await gateway.complete({ model: 'm', prompt: 'p', top_k: 5, min_tokens: 2 })).status).toBe(200);
    expect(upstream.lastRequest.body).toMatchObject({ top_k: 5, min_tokens: 2 });
  });

  it.each([
    ['openai', { top_k: 5 }, '`extraParameters: forward` of an upstream sends it'],
    ['llama.cpp', { n_predict: 500 }, 'use `max_tokens`'],
    ['llama.cpp', { n_probs: 2 }, 'use `logprobs`'],
    ['vllm', { guided_choice: ['a'] }, 'no more since 0.12'],
    ['vllm', { request_id: 'mine' }, 'use `X-Request-Id`'],
    ['vllm', { return_token_ids: true, echo: true }, 'cannot do it with `echo`'],
  ])('answers 422 to %s with %j, and says what to do', async (engine, fields, remedy) => {
    const gateway = await gatewayFor({ engine });
    const countBefore = upstream.requests.length;
    const response = await gateway.complete({ model: 'm', prompt: 'p', ...fields });
    expect(response.status).toBe(422);
    const { error } = await errorOf(response);
    expect(error).toMatchObject({ code: 'extra_forbidden', param: Object.keys(fields)[0] });
    expect(error.message).toContain(remedy);
    expect(upstream.requests).toHaveLength(countBefore);
  });

  it('goes by the version that the engine reports', async () => {
    upstream.version = '0.11.0+cpu';
    const gateway = await gatewayFor({ engine: 'vllm' });
    const ask = (): Promise<Response> => gateway.complete({ model: 'm', prompt: 'p', guided_choice: ['a'] });
    await until('the version to be known', async () => (await ask()).status === 200);
    expect(upstream.lastRequest.body).toMatchObject({ guided_choice: ['a'] });
  });
});
