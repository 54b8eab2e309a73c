import { describe, expect, it } from '@jest/globals';
import { addCounts, isCount, isUsage } from './usage.js';

describe('a count', () => {
  it.each([0, 1, Number.MAX_SAFE_INTEGER])('is a whole number from 0 on: %s', (value) => {
    expect(isCount(value)).toBe(true);
  });

  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53, '3', null, undefined, [3], {}])('is not %p', (value) => {
    expect(isCount(value)).toBe(false);
    expect(isUsage({ prompt_tokens: 1, completion_tokens: value })).toBe(false);
    expect(isUsage({ prompt_tokens: value, completion_tokens: 1 })).toBe(false);
  });

  it('stays one when it is added to another', () => {
    expect(addCounts(2, 3)).toBe(5);
    expect(isCount(addCounts(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))).toBe(true);
  });
});
