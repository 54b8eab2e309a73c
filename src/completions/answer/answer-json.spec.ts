import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { parseAnswer } from './answer-json.js';

describe('the JSON of an answer', () => {
  it('keeps every value', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 20 }).map((value) => ({ value })),
        (value) => {
          const json = JSON.stringify(value);
          expect(JSON.stringify(parseAnswer(json))).toBe(json);
        },
      ),
    );
  });

  it('may have any characters in its strings', () => {
    const texts = ['['.repeat(1_000), '\\"{'.repeat(1_000), `${'\\'.repeat(7)}"`, ',{'.repeat(100)];
    expect(parseAnswer(JSON.stringify({ texts }))).toEqual({ texts });
  });

  it.each([
    ['nested too deep', '['.repeat(65) + ']'.repeat(65)],
    ['nested without an end', '{"a":['.repeat(1_000_000)],
    ['of too many objects', `[${'{},'.repeat(5_000_000)}{}]`],
    ['of too many numbers', `[${'1,'.repeat(5_000_000)}1]`],
    ['no JSON', '{"a":"'],
    ['not a number', '{"a":NaN}'],
  ])('is refused when it is %s', (_, json) => {
    expect(() => parseAnswer(json)).toThrow(UpstreamError);
  });
});
