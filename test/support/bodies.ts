import fc from 'fast-check';

/** Random completion bodies: good ones, nearly good ones and bad ones. */

type Fields = Record<string, unknown>;

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const nonEmptyText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const tokenId = fc.nat(200_000);
const some = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 4 });
const between = (min: number, max: number) =>
  fc.oneof(fc.constantFrom(min, max, 0.5), fc.double({ min, max, noNaN: true }));

/** Valid values of each field. */
const GOOD = {
  model: nonEmptyText,
  prompt: fc.oneof(text, some(text), some(tokenId), some(some(tokenId))),
  best_of: fc.integer({ min: 0, max: 20 }),
  echo: fc.boolean(),
  frequency_penalty: between(-2, 2),
  logit_bias: fc.dictionary(tokenId.map(String), between(-100, 100), { maxKeys: 3 }),
  logprobs: fc.integer({ min: 0, max: 5 }),
  max_tokens: fc.nat(),
  n: fc.integer({ min: 1, max: 128 }),
  presence_penalty: between(-2, 2),
  seed: fc.maxSafeInteger(),
  stop: fc.oneof(nonEmptyText, fc.array(nonEmptyText, { maxLength: 4 })),
  stream: fc.boolean(),
  stream_options: fc.record({ include_usage: fc.boolean(), include_obfuscation: fc.boolean() }, { requiredKeys: [] }),
  suffix: text,
  temperature: between(0, 2),
  top_p: between(0, 1),
  user: text,
} satisfies Record<string, fc.Arbitrary<unknown>>;

export const FIELD_NAMES = Object.keys(GOOD);

const loneSurrogate = fc.tuple(text, fc.constantFrom('\ud800', '\udfff')).map(([head, tail]) => head + tail);
const infinite = fc.constantFrom(Infinity, -Infinity);
const notANumber = fc.oneof(infinite, text, fc.boolean(), fc.constantFrom([], {}, [1]));
const notAnInteger = fc.oneof(notANumber, fc.constantFrom(0.5, -1.5, 1e300));
const notText = fc.oneof(loneSurrogate, fc.integer(), fc.boolean(), fc.constantFrom([], {}, ['a']));
const notABoolean = fc.oneof(fc.constantFrom(0, 1, 'true', '', [], {}), infinite);
const outside = (min: number, max: number) =>
  fc.oneof(
    notANumber,
    fc.constantFrom(min - 1e-9, max + 1e-9),
    fc.double({ min: max, minExcluded: true, noNaN: true }),
  );
const integerOutside = (min: number, max: number) =>
  fc.oneof(notAnInteger, fc.constantFrom(min - 1, max + 1), fc.integer({ min: -1000, max: min - 1 }));
const badTokenId = fc.constantFrom(-1, 0.5, '1', null, true, Infinity, []);

/** Values that are invalid whatever the other fields are. */
const BAD: Record<keyof typeof GOOD, fc.Arbitrary<unknown>> = {
  model: fc.oneof(notText, fc.constantFrom('', null)),
  prompt: fc
    .oneof(
      notText,
      fc.constantFrom(null, [[]], ['a', 1], [1, 'a'], [[1], 2], [[1], 'a'], ['a', ['b']], [null], [true], [{}]),
      fc.tuple(some(tokenId), badTokenId).map(([ids, bad]) => [...ids, bad]),
      fc.tuple(some(some(tokenId)), badTokenId).map(([lists, bad]) => [...lists, [1, bad]]),
      fc.tuple(some(text), loneSurrogate).map(([texts, bad]) => [...texts, bad]),
    )
    .filter((value) => !(Array.isArray(value) && value.length === 1 && value[0] === 'a')),
  best_of: integerOutside(0, 20),
  echo: notABoolean,
  frequency_penalty: outside(-2, 2),
  logit_bias: fc.oneof(
    fc.constantFrom(0, 'a', true, [], [1]),
    fc.dictionary(fc.constantFrom('-1', '01', 'a', '', ' 1', '1.5', '12345678901', '__proto__'), fc.constant(1), {
      minKeys: 1,
    }),
    fc.dictionary(tokenId.map(String), outside(-100, 100), { minKeys: 1, maxKeys: 3 }),
  ),
  logprobs: integerOutside(0, 5),
  max_tokens: integerOutside(0, Number.MAX_SAFE_INTEGER),
  n: integerOutside(1, 128),
  presence_penalty: outside(-2, 2),
  seed: fc.oneof(notAnInteger, fc.constantFrom(2 ** 63, -(2 ** 64))),
  stop: fc.oneof(
    fc.constantFrom('', [''], ['a', ''], [1], [null], [['a']], 5, true, {}),
    loneSurrogate,
    fc.array(nonEmptyText, { minLength: 5, maxLength: 8 }),
  ),
  stream: notABoolean,
  stream_options: fc.oneof(
    fc.constantFrom(0, 'a', true, [], [{}]),
    fc.record({ include_usage: notABoolean }),
    fc.record({ include_obfuscation: notABoolean, include_usage: fc.boolean() }),
  ),
  suffix: notText,
  temperature: outside(0, 2),
  top_p: outside(0, 1),
  user: notText,
};

/** Extra fields that can be forwarded. */
const extras = fc.dictionary(
  fc.constantFrom('top_k', 'min_p', 'ignore_eos', 'toString', 'guided_json'),
  fc.jsonValue(),
  {
    maxKeys: 2,
  },
);

/** Every field valid, and the two required ones given; only `best_of` may contradict `n` and `stream`. */
const plausible: fc.Arbitrary<Fields> = fc
  .tuple(fc.record(GOOD, { requiredKeys: ['model', 'prompt'] }), extras)
  .map(([fields, others]) => ({ ...others, ...fields }));

/** The same without the contradiction. */
const good: fc.Arbitrary<Fields> = plausible.map(({ n, stream, ...body }) => ({
  ...body,
  ...('best_of' in body ? {} : { n: n ?? null, stream: stream ?? null }),
}));

const badField = fc
  .constantFrom(...FIELD_NAMES)
  .chain((name) => fc.tuple(fc.constant(name), BAD[name as keyof typeof GOOD]));

/** An otherwise good body with one invalid field. */
const spoilt: fc.Arbitrary<Fields> = fc
  .tuple(good, badField)
  .map(([body, [name, value]]) => ({ ...body, [name]: value }));

/** Good or bad: some fields are null, some are missing, some hold another field's value. */
const shuffled: fc.Arbitrary<Fields> = fc
  .tuple(
    plausible,
    fc.dictionary(
      fc.constantFrom(...FIELD_NAMES),
      fc.oneof(fc.constant(null), fc.constant(undefined), ...Object.values(GOOD), fc.jsonValue()),
      { maxKeys: 2 },
    ),
  )
  .map(([body, others]) => ({ ...body, ...others }));

/** Good, nearly good and bad bodies, mixed. */
export const anyBody: fc.Arbitrary<Fields> = fc.oneof(good, plausible, shuffled, spoilt);

/** JSON in which an infinite number is written as 1e400, which is read as one. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(value, (_, each: unknown) =>
    each === Infinity || each === -Infinity ? `<${each}>` : each,
  );
  return json.replaceAll('"<Infinity>"', '1e400').replaceAll('"<-Infinity>"', '-1e400');
}

export function nested(depth: number, open = '[', close = ']'): string {
  return open.repeat(depth) + (open.endsWith(':') ? '1' : '') + close.repeat(depth);
}

const withMember = (body: Fields, member: string): string => `${toJson(body).slice(0, -1)},${member}}`;

const badMember = fc.oneof(
  fc.constantFrom('"__proto__":{"n":2}', '"constructor":1', '"prototype":{}', '"x":{"__proto__":[]}', '"x":1e400'),
  fc.constantFrom('"x":"\\ud800"', '"x":["a","\\udc00"]', '"\\ud800":1', '"x":{"\\udfff":1}'),
  fc.constantFrom('"model":null', '"model":5', '"model":""', '"prompt":[]', '"prompt":null', '"n":"1"'),
  fc.integer({ min: 100, max: 3000 }).map((depth) => `"x":${nested(depth)}`),
  fc.integer({ min: 100, max: 3000 }).map((depth) => `"x":${nested(depth, '{"a":', '}')}`),
  fc.integer({ min: 100, max: 3000 }).map((depth) => `"prompt":${nested(depth)}`),
  fc.integer({ min: 100, max: 3000 }).map((depth) => `"logit_bias":${nested(depth, '{"1":', '}')}`),
);

/** A JSON text that is cut off. */
const cutOff = fc
  .tuple(good.map(toJson), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
  .map(([json, share]) => json.slice(0, Math.floor(json.length * share)));

/** Request bodies as bytes; all of them are bad. */
export const badBodyBytes: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 5, arbitrary: spoilt.map((body) => Buffer.from(toJson(body))) },
  {
    weight: 3,
    arbitrary: fc.tuple(good, badMember).map(([body, member]) => Buffer.from(withMember(body, member))),
  },
  { weight: 2, arbitrary: cutOff.map((json) => Buffer.from(json)) },
  {
    weight: 1,
    arbitrary: fc
      .jsonValue()
      .filter((value) => typeof value !== 'object' || Array.isArray(value) || value === null)
      .map((value) => Buffer.from(JSON.stringify(value))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
  // Not UTF-8 in the middle of a good body.
  {
    weight: 1,
    arbitrary: good.map((body) =>
      Buffer.concat([
        Buffer.from('{"x":"'),
        Buffer.of(0xc3, 0x28),
        Buffer.from('",'),
        Buffer.from(toJson(body).slice(1)),
      ]),
    ),
  },
);
