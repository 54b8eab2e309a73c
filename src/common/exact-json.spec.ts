import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addExactly, isExact, parseExactly, toDouble } from './exact-json.js';

const roundTrip = (text: string): string => JSON.stringify(parseExactly(text));

/** Integers of up to 60 digits, most of them near where a double begins to round. */
const integer = fc.oneof(
  fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
  fc.bigInt({ min: 2n ** 53n - 5n, max: 2n ** 53n + 5n }),
  fc.bigInt({ min: -(2n ** 53n) - 5n, max: -(2n ** 53n) + 5n }),
  fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }),
  fc.tuple(fc.integer(), fc.nat(25)).map(([digits, zeros]) => BigInt(digits) * 10n ** BigInt(zeros)),
);

/** Texts that may look like numbers, strings and escapes. */
const string = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', '\\', '9', '1234567890123456789', ',', ' ', ':', '-', 'é', '\u{1f600}') }),
  integer.map(String),
);
const name = fc.oneof(string, fc.constant('__proto__'), fc.constant('toString'));
const space = fc.constantFrom('', ' ', '\n', '\t\r');

/** JSON texts as they are written when every digit counts. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    integer.map(String),
    string.map((value) => JSON.stringify(value)),
    fc.constantFrom('null', 'true', '0.12345678901234567', '1234567890123456789.5', '-1.2345678901234567e-30'),
    fc.array(fc.tuple(space, tie('json'), space).map((parts) => parts.join(''))).map((items) => `[${items.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(name, space, tie('json')), { selector: ([key]) => key })
      .map((fields) => `{${fields.map(([key, gap, value]) => `${JSON.stringify(key)}${gap}:${value}`).join(',')}}`),
  ),
}));

describe('parseExactly', () => {
  it('keeps every digit of every integer, however deep it stands and whatever is around it', () => {
    const exactly = (text: string): string =>
      JSON.stringify(
        JSON.parse(text, (_, value: unknown, context?: { source?: string }) => {
          return typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '')
            ? JSON.rawJSON(context?.source === '-0' ? '0' : (context?.source ?? ''))
            : value;
        }),
      );
    fc.assert(
      fc.property(json, (text) => {
        fc.pre(!text.includes('__proto__'));
        expect(roundTrip(text)).toBe(exactly(text));
      }),
      { numRuns: 200 },
    );
  });

  it('differs from JSON.parse in nothing but integers that a double would round', () => {
    const rounded = (value: unknown): unknown => {
      if (isExact(value)) return toDouble(value);
      if (typeof value !== 'object' || value === null) return value;
      if (Array.isArray(value)) return value.map(rounded);
      const copy = {};
      for (const [key, child] of Object.entries(value)) {
        Object.defineProperty(copy, key, {
          value: rounded(child),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
      return copy;
    };
    fc.assert(
      fc.property(json, (text) => {
        expect(rounded(parseExactly(text))).toEqual(JSON.parse(text));
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(rounded(parseExactly(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['9007199254740991', false],
    ['9007199254740993', true],
    ['-9007199254740993', true],
    ['9223372036854775807', true],
    ['1000000000000000000', false],
    ['-100000000000000000000', false],
    ['1000000000000000000000', true],
    ['12345678901234567.0', false],
    ['12345678901234567e1', false],
    ['0.12345678901234567', false],
  ])('of %s makes an exact integer: %s', (text, exact) => {
    expect(isExact(parseExactly(text))).toBe(exact);
    expect(isExact((parseExactly(`{"a":[ ${text} ]}`) as { a: unknown[] }).a[0])).toBe(exact);
    if (exact) expect(roundTrip(text)).toBe(text);
  });

  it('takes the last of two fields with one name, and __proto__ for a name like any other', () => {
    const twice = parseExactly('{"a":9007199254740993,"a":1,"__proto__":9007199254740995}') as object;
    expect(JSON.stringify(twice)).toBe('{"a":1,"__proto__":9007199254740995}');
    expect(Object.getPrototypeOf(twice)).toBe(Object.prototype);
  });

  it.each(['{"a":09007199254740993}', '{9007199254740993:1}', '[9007199254740993', '[--9007199254740993]', ''])(
    'refuses %j where JSON.parse does, with its words',
    (text) => {
      const refusalOf = (parse: (text: string) => unknown): string => {
        try {
          parse(text);
          return 'none';
        } catch (error) {
          return String(error);
        }
      };
      expect(refusalOf(parseExactly)).toMatch(/^SyntaxError/);
      expect(refusalOf(parseExactly)).toBe(refusalOf((text) => JSON.parse(text)));
    },
  );

  it('reads an exact integer below 100,000 brackets', () => {
    const deep = parseExactly('['.repeat(1e5) + '9007199254740993' + ']'.repeat(1e5));
    let inner = deep;
    while (Array.isArray(inner)) inner = inner[0];
    expect(JSON.stringify(inner)).toBe('9007199254740993');
  });

  it('takes 10,000 exact integers, and no more', () => {
    const list = (length: number): string => `[${Array.from({ length }, () => '9007199254740993').join()}]`;
    expect(roundTrip(list(10_000))).toBe(list(10_000));
    expect(() => parseExactly(list(10_001))).toThrow(RangeError);
  });
});

describe('addExactly', () => {
  it('adds integers of any size to the digit, and rounds where there is a fraction', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        const parse = (value: bigint): number => parseExactly(String(value)) as number;
        expect(JSON.stringify(addExactly(parse(a), parse(b)))).toBe(String(a + b));
      }),
    );
    expect(addExactly(JSON.rawJSON('9007199254740993'), 0.5)).toBe(9007199254740992);
    expect(addExactly(0.1, 0.2)).toBe(0.1 + 0.2);
  });
});
