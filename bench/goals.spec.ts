import { describe, expect, it } from '@jest/globals';
import type { Run, Summaries } from './figures.ts';
import { GOALS, goalTable } from './goals.ts';

function runOf(own: Summaries, nginx: Summaries): Run {
  return { machine: [], rounds: 1, isQuick: false, contenders: { nginx, 'this gateway': own } };
}

const exactly = (value: number) => ({ median: value, minimum: value, maximum: value });

describe('the goals', () => {
  it('compare with the same run, and say what was missed', () => {
    const nginx = { cpuUsPerRequest: exactly(12) };
    const good = runOf({ cpuUsPerRequest: exactly(60), twoCoresTimes: exactly(1.95) }, nginx);
    const bad = runOf({ cpuUsPerRequest: exactly(90), twoCoresTimes: exactly(1.7) }, nginx);
    const runs = new Map([
      [1, good],
      [2, bad],
    ]);
    expect(goalTable(runs).split('\n')).toEqual(
      expect.arrayContaining([
        '| figure | goal | run 1 | run 2 |',
        '| CPU a request, JSON | ≤ 6 × nginx | 5.00 × | 7.50 ×, **missed** |',
        '| errors | none | – | – |',
        '| requests of two cores, beside one | ≥ 1.8 × | 1.95 × | 1.70 ×, **missed** |',
      ]),
    );
  });

  it('have one row each', () => {
    expect(goalTable(new Map()).split('\n')).toHaveLength(GOALS.length + 2);
  });
});
