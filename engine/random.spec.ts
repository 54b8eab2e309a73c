import { describe, expect, it } from '@jest/globals';
import { nextWord, randomOf } from './random.js';

describe('nextWord', () => {
  it('is xoshiro128**: the reference vector of the rand_xoshiro crate', () => {
    const state = Uint32Array.of(1, 2, 3, 4);
    const words = Array.from({ length: 10 }, () => nextWord(state));
    expect(words).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });
});

describe('randomOf', () => {
  const first = (seed: number, prompt: number, choice: number): number[] => {
    const random = randomOf(seed, prompt, choice);
    return Array.from({ length: 4 }, () => random());
  };

  it('gives the same numbers for the same seed, prompt and choice', () => {
    expect(first(7, 1, 2)).toEqual(first(7, 1, 2));
  });

  it('gives other numbers for another seed, prompt or choice, negative and huge seeds included', () => {
    const streams = [
      first(7, 0, 0),
      first(8, 0, 0),
      first(-7, 0, 0),
      first(7, 1, 0),
      first(7, 0, 1),
      first(Number.MAX_SAFE_INTEGER, 0, 0),
      first(Number.MIN_SAFE_INTEGER, 0, 0),
    ];
    expect(new Set(streams.flat()).size).toBe(streams.length * 4);
  });

  it('spreads evenly over [0, 1)', () => {
    const random = randomOf(1, 0, 0);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) {
      const bucket = Math.floor(random() * 10);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    // 100 is the standard deviation of a bucket.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
