import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { seededRandom } from '../../test/support/seeded-random.js';
import { UpstreamConfig } from '../config/config.js';
import { HttpUpstream } from '../upstreams/http-upstream.js';
import type { EligibleCandidate } from './candidate.js';
import { WeightedTwoChoices } from './selection.js';

const PICKS = 100_000;
const TOLERANCE = 0.02;

function candidate(name: string, options: Partial<UpstreamConfig> = {}, isNative = true): EligibleCandidate {
  const config = Object.assign(new UpstreamConfig(), { name, baseUrl: 'http://127.0.0.1:9/v1', ...options });
  return { upstream: new HttpUpstream(config, new ManualClock()), upstreamModel: 'm', isNative };
}

/** What share of the picks each gets; `onPick` may change the load. */
function sharesOf(
  candidates: EligibleCandidate[],
  onPick: (picked: EligibleCandidate) => void = () => undefined,
): number[] {
  const policy = new WeightedTwoChoices(seededRandom(11));
  const counts = new Map<EligibleCandidate | undefined, number>();
  for (let i = 0; i < PICKS; i++) {
    const picked = policy.select(candidates);
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
    if (picked) onPick(picked);
  }
  return candidates.map((each) => (counts.get(each) ?? 0) / PICKS);
}

function expectShares(shares: number[], weights: number[]): void {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  expect(shares).toHaveLength(weights.length);
  for (const [index, weight] of weights.entries()) {
    expect(Math.abs((shares[index] ?? 0) - weight / total)).toBeLessThan(TOLERANCE);
  }
}

describe('selection', () => {
  it.each([[[1, 1, 1]], [[1, 2, 5]], [[10, 1]], [[0.5, 0.25, 0.25, 3]]])(
    'gives each its share by weight, all being idle: %j',
    (weights) => {
      expectShares(sharesOf(weights.map((weight, index) => candidate(`u${index}`, { weight }))), weights);
    },
  );

  it.each([[[1, 1, 1]], [[1, 2, 5]], [[4, 1]]])(
    'keeps the load proportional to the weights when it stays: %j',
    (weights) => {
      const candidates = weights.map((weight, index) => candidate(`u${index}`, { weight }));
      expectShares(
        sharesOf(candidates, ({ upstream }) => upstream.state.take('m')),
        weights,
      );
    },
  );

  it.each([[[1, 1, 1]], [[1, 2, 5]]])(
    'gives each its share when a hundred requests are always under way: %j',
    (weights) => {
      const candidates = weights.map((weight, index) => candidate(`u${index}`, { weight }));
      const underWay: (() => void)[] = [];
      const shares = sharesOf(candidates, ({ upstream: { state } }) => {
        const slot = state.take('m');
        underWay.push(() => state.release(slot));
        if (underWay.length > 100) underWay.shift()?.();
      });
      expectShares(shares, weights);
    },
  );

  it('prefers the less loaded of the two that it draws', () => {
    const [busy, idle] = [candidate('busy'), candidate('idle')];
    for (let i = 0; i < 10; i++) busy.upstream.state.take('m');
    // Only when both draws are the busy one is it the busy one.
    expectShares(sharesOf([busy, idle]), [1, 3]);
  });

  it('takes the lowest priority number only, whatever the order', () => {
    const candidates = [
      candidate('second', { priority: 1, weight: 100 }),
      candidate('first', { priority: 0 }),
      candidate('third', { priority: 2 }),
      candidate('also-first', { priority: 0 }),
    ];
    expectShares(sharesOf(candidates), [0, 1, 0, 1]);
    expect(sharesOf(candidates)[0]).toBe(0);
  });

  it('takes native ones only, as long as there are any of the best priority', () => {
    const emulated = candidate('emulated', { weight: 100 }, false);
    expect(sharesOf([emulated, candidate('native')])).toEqual([0, 1]);
    expect(sharesOf([emulated, candidate('native', { priority: 1 })])).toEqual([1, 0]);
  });

  it('takes an only candidate without a draw, and none of none', () => {
    const only = candidate('only');
    const neverAsked = (): number => {
      throw new Error('there is nothing to draw');
    };
    const policy = new WeightedTwoChoices(neverAsked);
    expect(policy.select([only])).toBe(only);
    expect(policy.select([])).toBeUndefined();
  });
});
