import { describe, expect, it } from '@jest/globals';
import { median, summarize } from './statistics.ts';

describe('median', () => {
  it.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  it('throws without values', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('summarize', () => {
  it('has the spread beside the median', () => {
    expect(summarize([5, 1, 3])).toEqual({ median: 3, minimum: 1, maximum: 5 });
  });

  it('leaves out the rounds that measured nothing', () => {
    expect(summarize([null, 2, null])).toEqual({ median: 2, minimum: 2, maximum: 2 });
    expect(summarize([null])).toBeNull();
  });
});
