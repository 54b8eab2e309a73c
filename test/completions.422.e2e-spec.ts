import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { FakeUpstream, replyAsAsked } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';
import { until } from './support/wait.js';

type Loc = (string | number)[];
/** Where below `body`, what, and Pydantic's type. */
type Expected = [loc: Loc, msg: string, type: string];

const MISSING = (...loc: Loc): Expected => [loc, 'Field required', 'missing'];
const STRING = (...loc: Loc): Expected => [loc, 'Input should be a valid string', 'string_type'];
const UNICODE = (...loc: Loc): Expected => [
  loc,
  'Input should be a valid string, unable to parse raw data as a unicode string',
  'string_unicode',
];
const INTEGER = (...loc: Loc): Expected => [loc, 'Input should be a valid integer', 'int_type'];
const NUMBER = (...loc: Loc): Expected => [loc, 'Input should be a valid number', 'float_type'];
const FINITE = (...loc: Loc): Expected => [loc, 'Input should be a finite number', 'finite_number'];
const BOOLEAN = (...loc: Loc): Expected => [loc, 'Input should be a valid boolean', 'bool_type'];
const OBJECT = (...loc: Loc): Expected => [loc, 'Input should be a valid dictionary', 'dict_type'];
const LIST = (...loc: Loc): Expected => [loc, 'Input should be a valid list', 'list_type'];
const EMPTY_LIST = (...loc: Loc): Expected => [
  loc,
  'List should have at least 1 item after validation, not 0',
  'too_short',
];
const TOO_LONG = (most: number, ...loc: Loc): Expected => [
  loc,
  `String should have at most ${most} characters`,
  'string_too_long',
];
const EMPTY_TEXT = (...loc: Loc): Expected => [loc, 'String should have at least 1 character', 'string_too_short'];
const AT_LEAST = (limit: number | string, ...loc: Loc): Expected => [
  loc,
  `Input should be greater than or equal to ${limit}`,
  'greater_than_equal',
];
const AT_MOST = (limit: number | string, ...loc: Loc): Expected => [
  loc,
  `Input should be less than or equal to ${limit}`,
  'less_than_equal',
];
const EXTRA = (...loc: Loc): Expected => [loc, 'Extra inputs are not permitted', 'extra_forbidden'];
const VALUE = (msg: string, ...loc: Loc): Expected => [loc, `Value error, ${msg}`, 'value_error'];
const NOT_AN_OBJECT: Expected = [
  [],
  'Input should be a valid dictionary or object to extract fields from',
  'model_attributes_type',
];
const NO_PROMPT = VALUE('prompt must be a string, a list of strings, or one or more lists of token ids', 'prompt');
const NOT_A_TOKEN_ID = (key: string): Expected => VALUE('keys must be token ids as decimal strings', 'logit_bias', key);

/** Members beside a good model and prompt, and what is wrong with them. */
const FIELDS: [members: string, ...Expected[]][] = [
  ['"model":""', EMPTY_TEXT('model')],
  [`"model":"${'m'.repeat(257)}"`, TOO_LONG(256, 'model')],
  ['"model":null', STRING('model')],
  ['"model":["m"]', STRING('model')],
  ['"model":"a\\ud800"', UNICODE('model')],
  ['"prompt":null', NO_PROMPT],
  ['"prompt":7', NO_PROMPT],
  ['"prompt":{"a":1}', NO_PROMPT],
  ['"prompt":[]', EMPTY_LIST('prompt')],
  ['"prompt":[[]]', EMPTY_LIST('prompt', 0)],
  ['"prompt":[[1],[]]', EMPTY_LIST('prompt', 1)],
  ['"prompt":["a",1]', STRING('prompt', 1)],
  ['"prompt":["a","\\udc00"]', UNICODE('prompt', 1)],
  ['"prompt":[1,"a"]', INTEGER('prompt', 1)],
  ['"prompt":[1,2.5]', INTEGER('prompt', 1)],
  ['"prompt":[1,-1]', AT_LEAST(0, 'prompt', 1)],
  ['"prompt":[12345678901234567890,1]', INTEGER('prompt', 0)],
  ['"prompt":[[12345678901234567890]]', INTEGER('prompt', 0, 0)],
  ['"prompt":[[1],2]', LIST('prompt', 1)],
  ['"prompt":[[1,"a"]]', INTEGER('prompt', 0, 1)],
  ['"prompt":[[-1]]', AT_LEAST(0, 'prompt', 0, 0)],
  ['"prompt":[true]', STRING('prompt', 0)],
  ['"prompt":["\\ud800","\\ud800",5]', UNICODE('prompt', 0)],
  ['"best_of":"1"', INTEGER('best_of')],
  ['"best_of":1.5', INTEGER('best_of')],
  ['"best_of":-1', AT_LEAST(0, 'best_of')],
  ['"best_of":21', AT_MOST(20, 'best_of')],
  ['"best_of":1,"n":2', VALUE('best_of must be greater than or equal to n', 'best_of')],
  ['"best_of":2,"stream":true', VALUE('best_of cannot be used with stream', 'best_of')],
  [
    '"best_of":2,"n":3,"stream":true',
    VALUE('best_of must be greater than or equal to n', 'best_of'),
    VALUE('best_of cannot be used with stream', 'best_of'),
  ],
  ['"best_of":21,"stream":true', AT_MOST(20, 'best_of'), VALUE('best_of cannot be used with stream', 'best_of')],
  ['"echo":1', BOOLEAN('echo')],
  ['"echo":"true"', BOOLEAN('echo')],
  ['"frequency_penalty":"1"', NUMBER('frequency_penalty')],
  ['"frequency_penalty":-2.1', AT_LEAST(-2, 'frequency_penalty')],
  ['"frequency_penalty":2.1', AT_MOST(2, 'frequency_penalty')],
  ['"frequency_penalty":-1e400', FINITE('frequency_penalty')],
  ['"logit_bias":[]', OBJECT('logit_bias')],
  ['"logit_bias":"a"', OBJECT('logit_bias')],
  ['"logit_bias":{"a":1}', NOT_A_TOKEN_ID('a')],
  ['"logit_bias":{"-1":1}', NOT_A_TOKEN_ID('-1')],
  ['"logit_bias":{"01":1}', NOT_A_TOKEN_ID('01')],
  ['"logit_bias":{"__proto__":1}', NOT_A_TOKEN_ID('__proto__')],
  [
    '"logit_bias":{"1":101,"2":-101,"3":"5","4":null,"x":1}',
    AT_MOST(100, 'logit_bias', '1'),
    AT_LEAST(-100, 'logit_bias', '2'),
    NUMBER('logit_bias', '3'),
    NUMBER('logit_bias', '4'),
    NOT_A_TOKEN_ID('x'),
  ],
  ['"logprobs":true', INTEGER('logprobs')],
  ['"logprobs":-1', AT_LEAST(0, 'logprobs')],
  ['"logprobs":6', AT_MOST(5, 'logprobs')],
  ['"max_tokens":"16"', INTEGER('max_tokens')],
  ['"max_tokens":-1', AT_LEAST(0, 'max_tokens')],
  ['"max_tokens":1e400', INTEGER('max_tokens')],
  ['"n":"1"', INTEGER('n')],
  ['"n":0', AT_LEAST(1, 'n')],
  ['"n":129', AT_MOST(128, 'n')],
  ['"presence_penalty":[]', NUMBER('presence_penalty')],
  ['"presence_penalty":-3', AT_LEAST(-2, 'presence_penalty')],
  ['"presence_penalty":3', AT_MOST(2, 'presence_penalty')],
  ['"seed":1.5', INTEGER('seed')],
  ['"seed":1e400', INTEGER('seed')],
  ['"seed":9223372036854775808', AT_MOST('9223372036854775807', 'seed')],
  ['"seed":9.3e18', AT_MOST('9223372036854775807', 'seed')],
  ['"seed":-9223372036854775809', AT_LEAST('-9223372036854775808', 'seed')],
  [`"seed":${'9'.repeat(400)}`, AT_MOST('9223372036854775807', 'seed')],
  ['"max_tokens":9007199254740993', AT_MOST(9007199254740991, 'max_tokens')],
  ['"temperature":12345678901234567890', AT_MOST(2, 'temperature')],
  ['"logit_bias":{"1":12345678901234567890}', AT_MOST(100, 'logit_bias', '1')],
  ['"logit_bias":12345678901234567890', OBJECT('logit_bias')],
  ['"stream_options":12345678901234567890', OBJECT('stream_options')],
  ['"stream":12345678901234567890', BOOLEAN('stream')],
  ['"stop":""', EMPTY_TEXT('stop')],
  ['"stop":["a",""]', EMPTY_TEXT('stop', 1)],
  ['"stop":[1]', STRING('stop', 0)],
  ['"stop":5', STRING('stop')],
  ['"stop":"\\ud800"', UNICODE('stop')],
  [`"stop":"${'x'.repeat(1001)}"`, TOO_LONG(1000, 'stop')],
  [`"stop":["a","${'𝄞'.repeat(1001)}"]`, TOO_LONG(1000, 'stop', 1)],
  ['"stop":["a","b","c","d","e"]', [['stop'], 'List should have at most 4 items after validation, not 5', 'too_long']],
  ['"stream":"true"', BOOLEAN('stream')],
  ['"stream":1', BOOLEAN('stream')],
  ['"stream_options":[]', OBJECT('stream_options')],
  ['"stream_options":[{},{}]', OBJECT('stream_options')],
  ['"stream_options":true', OBJECT('stream_options')],
  [
    '"stream_options":{"include_usage":1,"include_obfuscation":"no"}',
    BOOLEAN('stream_options', 'include_usage'),
    BOOLEAN('stream_options', 'include_obfuscation'),
  ],
  ['"stream_options":{"include_usage":"\\ud800"}', BOOLEAN('stream_options', 'include_usage')],
  ['"stream_options":{"x":1e400}', FINITE('stream_options', 'x')],
  ['"suffix":1', STRING('suffix')],
  ['"suffix":"\\udc00a"', UNICODE('suffix')],
  ['"temperature":"0"', NUMBER('temperature')],
  ['"temperature":-0.1', AT_LEAST(0, 'temperature')],
  ['"temperature":2.1', AT_MOST(2, 'temperature')],
  ['"temperature":1e400', FINITE('temperature')],
  ['"top_p":false', NUMBER('top_p')],
  ['"top_p":-0.1', AT_LEAST(0, 'top_p')],
  ['"top_p":1.1', AT_MOST(1, 'top_p')],
  ['"user":{}', STRING('user')],
  ['"user":"\\ud800"', UNICODE('user')],
  // Fields that the contract does not list.
  ['"__proto__":{"n":2}', EXTRA('__proto__')],
  ['"constructor":1,"prototype":2', EXTRA('constructor'), EXTRA('prototype')],
  ['"stream_options":{"__proto__":{}}', EXTRA('stream_options', '__proto__')],
  ['"x":{"y":[{"__proto__":1}]}', EXTRA('x', 'y', 0, '__proto__')],
  ['"x":1e400', FINITE('x')],
  ['"x":[0,{"y":-1e400}]', FINITE('x', 1, 'y')],
  ['"x":["\\ud800"]', UNICODE('x', 0)],
  ['"\\ud800":1', UNICODE('\ud800')],
  ['"x":{"\\ud800":1}', UNICODE('x', '\ud800')],
  [`"x":${'['.repeat(70)}${']'.repeat(70)}`, VALUE('nested deeper than 64 levels', 'x')],
  [
    `"stream_options":{"x":${'['.repeat(70)}${']'.repeat(70)}}`,
    VALUE('nested deeper than 64 levels', 'stream_options'),
  ],
  [`"prompt":${'['.repeat(70)}${']'.repeat(70)}`, INTEGER('prompt', 0, 0)],
  // All of them, in the order of the fields.
  [
    '"top_p":2,"n":0,"model":"","x":1e400,"user":5,"prompt":[]',
    EMPTY_TEXT('model'),
    EMPTY_LIST('prompt'),
    AT_LEAST(1, 'n'),
    AT_MOST(1, 'top_p'),
    STRING('user'),
    FINITE('x'),
  ],
  // The last of two members counts.
  ['"model":""', EMPTY_TEXT('model')],
  ['"n":1,"n":0', AT_LEAST(1, 'n')],
];

/** Whole bodies. */
const BODIES: [body: string, ...Expected[]][] = [
  ['{}', MISSING('model'), MISSING('prompt')],
  ['{"prompt":"p"}', MISSING('model')],
  ['{"model":"m","n":"1"}', MISSING('prompt'), INTEGER('n')],
  ['{"__proto__":{"model":"m","prompt":"p"}}', MISSING('model'), MISSING('prompt'), EXTRA('__proto__')],
  ['null', NOT_AN_OBJECT],
  ['[]', NOT_AN_OBJECT],
  ['[{"model":"m","prompt":"p"}]', NOT_AN_OBJECT],
  ['"text"', NOT_AN_OBJECT],
  ['5', NOT_AN_OBJECT],
  ['true', NOT_AN_OBJECT],
];

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

  it.each(FIELDS)('answers 422, and says where and why, to %s', async (members, ...expected) => {
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

  it('forwards the options of a stream that it does not know, and leaves out those that are null', async () => {
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

  async function sendBytes(body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${gateway.url}/v1/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer test-key', 'content-type': 'application/json', ...headers },
      body,
    });
  }

  it('answers 422 to bytes that are not UTF-8, instead of sending other text on', async () => {
    const bytes = Buffer.concat([Buffer.from('{"model":"m","prompt":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')]);
    await expectRefusal(await sendBytes(bytes), [[[], 'JSON decode error: not valid UTF-8', 'json_invalid']]);
  });

  it('answers 422 to a body that is not compressed as it says', async () => {
    const response = await sendBytes(Buffer.from('{}'), { 'content-encoding': 'gzip' });
    await expectRefusal(response, [
      [[], 'JSON decode error: the body is not compressed as Content-Encoding says', 'json_invalid'],
    ]);
  });

  it('answers 422 `missing` to a body of no bytes, whatever its length header says', async () => {
    const compressed = await sendBytes(gzipSync(''), { 'content-encoding': 'gzip' });
    await expectRefusal(compressed, [MISSING()]);
    const chunked = await fetch(`${gateway.url}/v1/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer test-key', 'content-type': 'application/json' },
      body: new Blob([]).stream(),
      duplex: 'half',
    });
    await expectRefusal(chunked, [MISSING()]);
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

describe('POST /v1/completions with fields that an engine is known to take, or not', () => {
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

  it('sends those that are known', async () => {
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

  it('goes by the version that the engine tells', async () => {
    upstream.version = '0.11.0+cpu';
    const gateway = await gatewayFor({ engine: 'vllm' });
    const ask = (): Promise<Response> => gateway.complete({ model: 'm', prompt: 'p', guided_choice: ['a'] });
    await until('the version to be known', async () => (await ask()).status === 200);
    expect(upstream.lastRequest.body).toMatchObject({ guided_choice: ['a'] });
  });
});
