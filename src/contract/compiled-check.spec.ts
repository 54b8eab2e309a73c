import { describe, expect, it } from '@jest/globals';
import { Allow, IsInt, IsOptional, IsString, Max, ValidateIf, ValidateNested, validateSync } from 'class-validator';
import fc from 'fast-check';
import { anyBody, FIELD_NAMES } from '../../test/support/bodies.js';
import type { ExactInteger } from '../common/exact-json.js';
import { compileCheck } from './compiled-check.js';
import { CreateCompletionDto } from './create-completion.dto.js';
import { toKnownFields } from './extra-fields.js';

const isGood = compileCheck(CreateCompletionDto);

/** As the pipe asks it: plainToInstance would drop a `__proto__` on the way, and call good what was never looked at. */
function isGoodForClassValidator(body: Record<string, unknown>): boolean {
  return validateSync(toKnownFields(body)).length === 0;
}

const exact = (...digits: string[]): ExactInteger[] => digits.map((each) => JSON.rawJSON(each));

describe('the compiled check', () => {
  it('agrees with class-validator on 10,000 bodies, of which thousands are good and thousands bad', () => {
    let good = 0;
    const runs = 10_000;
    fc.assert(
      fc.property(anyBody, (body) => {
        const verdict = isGood(body);
        if (verdict) good++;
        expect(verdict).toBe(isGoodForClassValidator(body));
      }),
      { numRuns: runs },
    );
    expect(good).toBeGreaterThan(runs / 5);
    expect(good).toBeLessThan(runs - runs / 5);
  });

  const text = { good: ['', 'a', 'é', '\u{1f600}', null], bad: ['\ud800', 'a\udfff', 1, true, [], {}, ['a']] };
  const flag = { good: [true, false, null], bad: [0, 1, 'true', '', [], {}] };
  const penalty = { good: [-2, -1.5, 0, -0, 2, null], bad: [-2.000001, 2.000001, Infinity, NaN, '1', true, [], {}] };
  const borders: Record<string, { good: unknown[]; bad: unknown[] }> = {
    model: { good: ['m', ' ', 'a/b:c'], bad: ['', '\ud800', null, undefined, 1, true, [], ['m'], {}] },
    prompt: {
      good: ['', 'a', [''], ['a', 'b'], [0], [1, 2], [[0]], [[1], [2, 3]], [Number.MAX_SAFE_INTEGER]],
      bad: [
        null,
        undefined,
        1,
        true,
        {},
        [],
        [[]],
        [[1], []],
        ['a', 1],
        [1, 'a'],
        [-1],
        [0.5],
        [2 ** 53],
        [[1], 1],
      ].concat([[[[1]]], ['\ud800'], [null], [{}], [['a']], [[-1]]] as never[]),
    },
    best_of: { good: [0, 1, 20, null], bad: [-1, 21, 0.5, '1', Infinity, true, []] },
    echo: flag,
    frequency_penalty: penalty,
    logit_bias: {
      good: [{}, { 0: 0 }, { 1: -100, 2: 100 }, { 9999999999: 0.5 }, null],
      bad: [
        [],
        1,
        'a',
        { a: 1 },
        { '-1': 1 },
        { '01': 1 },
        { '': 1 },
        { 1: 100.1 },
        { 1: -100.1 },
        { 1: '1' },
        { 1: null },
      ],
    },
    logprobs: { good: [0, 5, null], bad: [-1, 6, 0.5, '1', true] },
    max_tokens: { good: [0, 1, Number.MAX_SAFE_INTEGER, null], bad: [-1, 0.5, 2 ** 53, Infinity, '1', true] },
    n: { good: [1, 128, 1.0, null], bad: [0, 129, 1.5, '1', true] },
    presence_penalty: penalty,
    seed: {
      good: [
        0,
        -1,
        2 ** 53,
        -(2 ** 60),
        ...exact('9007199254740993', '9223372036854775807', '-9223372036854775808'),
        null,
      ],
      bad: [
        2 ** 63,
        ...exact('9223372036854775808', '-9223372036854775809', '9'.repeat(500)),
        0.5,
        Infinity,
        '1',
        true,
      ],
    },
    stop: {
      good: ['a', [], ['a'], ['a', 'b', 'c', 'd'], null],
      bad: ['', [''], ['a', 'b', 'c', 'd', 'e'], [1], [null], 1, true, {}, '\ud800', ['\ud800']],
    },
    stream: flag,
    stream_options: {
      good: [{}, { include_usage: true }, { include_usage: null, include_obfuscation: false }, { more: 1 }, null],
      bad: [[], [{}], 1, 'a', true, { include_usage: 1 }, { include_usage: 'true' }, { include_obfuscation: {} }],
    },
    suffix: text,
    temperature: { good: [0, 0.7, 2, null], bad: [-0.000001, 2.000001, Infinity, '1', true, []] },
    top_p: { good: [0, 0.1, 1, null], bad: [-0.000001, 1.000001, Infinity, '1', true, []] },
    user: text,
  };

  it('has its borders tested for each field', () => {
    expect(Object.keys(borders)).toEqual(FIELD_NAMES);
  });

  const beyond = exact('9007199254740993', '-12345678901234567890', '9'.repeat(500));
  const cases = Object.entries(borders).flatMap(([name, { good, bad }]) => [
    ...good.map((value) => ({ name, value, verdict: true })),
    ...bad.map((value) => ({ name, value, verdict: false })),
    // What no double holds is in the range of nothing else, at any depth.
    ...(name === 'seed' ? [] : beyond.map((value) => ({ name, value, verdict: false }))),
  ]);
  cases.push(
    ...beyond.flatMap((value) => [
      { name: 'prompt', value: [value], verdict: false },
      { name: 'prompt', value: [[1, value]], verdict: false },
      { name: 'stop', value: [value], verdict: false },
      { name: 'logit_bias', value: { 1: value }, verdict: false },
      { name: 'stream_options', value: { include_usage: value }, verdict: false },
    ]),
  );

  it.each(cases)('says $verdict to $name: $value, like class-validator', ({ name, value, verdict }) => {
    const body = { model: 'm', prompt: 'p', [name]: value };
    expect(isGood(body)).toBe(verdict);
    expect(isGoodForClassValidator(body)).toBe(verdict);
  });

  it.each([
    [{ best_of: 1, n: 1 }, true],
    [{ best_of: 3, n: 2 }, true],
    [{ best_of: 1, n: 2 }, false],
    [{ best_of: 0, n: 2 }, true],
    [{ best_of: null, n: 2 }, true],
    [{ best_of: 1, stream: true }, true],
    [{ best_of: 0, stream: true }, true],
    [{ best_of: 2, stream: true }, false],
    [{ best_of: 2, stream: false }, true],
    [{ best_of: 2, stream: null }, true],
  ])('judges %j as a whole: %j', (fields, verdict) => {
    const body = { model: 'm', prompt: 'p', ...fields };
    expect(isGood(body)).toBe(verdict);
    expect(isGoodForClassValidator(body)).toBe(verdict);
  });
});

describe('compileCheck', () => {
  it('refuses a rule for each item of a list, which it would not run', () => {
    class Each {
      @IsString({ each: true })
      names: string[];
    }
    expect(() => compileCheck(Each)).toThrow('Each.names: the compiled check does not know isString');
  });

  it('refuses a rule for a group, which it would run always', () => {
    class Grouped {
      @Max(2, { groups: ['strict'] })
      n: number;
    }
    expect(() => compileCheck(Grouped)).toThrow('Grouped.n: the compiled check does not know max');
  });

  it('refuses a condition other than @IsOptional', () => {
    class Conditional {
      @ValidateIf(() => false)
      @IsInt()
      n: number;
    }
    expect(() => compileCheck(Conditional)).toThrow(/^Conditional\.n: the compiled check does not know /);
  });

  it('refuses a decorator that it has never heard of', () => {
    class Allowed {
      @Allow()
      n: number;
    }
    expect(() => compileCheck(Allowed)).toThrow('Allowed.n: the compiled check does not know whitelistValidation');
  });

  it('refuses @ValidateNested without @Type, which would not say what is nested', () => {
    class Parent {
      @IsOptional()
      @ValidateNested()
      child?: object;
    }
    expect(() => compileCheck(Parent)).toThrow('Parent.child: @ValidateNested needs @Type');
  });
});
