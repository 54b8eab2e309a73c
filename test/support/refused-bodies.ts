type Loc = (string | number)[];
/** An error of a 422: where below `body`, what, and Pydantic's type. */
export type Expected = [loc: Loc, msg: string, type: string];

export const MISSING = (...loc: Loc): Expected => [loc, 'Field required', 'missing'];
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

/** Members beside a good model and prompt, and the errors of each. */
export const FIELDS: [members: string, ...Expected[]][] = [
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
  // Of two members of the same name the last counts.
  ['"n":1,"n":0', AT_LEAST(1, 'n')],
];

/** Whole bodies, and the errors of each. */
export const BODIES: [body: string, ...Expected[]][] = [
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
