import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { RetryBudget } from './retry-budget.js';

function taken(budget: RetryBudget, tries: number): number {
  let count = 0;
  for (let i = 0; i < tries; i++) if (budget.take()) count++;
  return count;
}

function count(budget: RetryBudget, requests: number): void {
  for (let i = 0; i < requests; i++) budget.count();
}

describe('the retry budget', () => {
  it('is a share of the requests', () => {
    const budget = new RetryBudget(20, new ManualClock());
    count(budget, 100);
    expect(taken(budget, 100)).toBe(20);
    count(budget, 5);
    expect(taken(budget, 100)).toBe(1);
  });

  it('allows three retries in ten seconds however few the requests', () => {
    const clock = new ManualClock();
    const budget = new RetryBudget(20, clock);
    count(budget, 1);
    expect(taken(budget, 10)).toBe(3);
    clock.advance(9_999);
    expect(taken(budget, 10)).toBe(0);
    clock.advance(1);
    expect(taken(budget, 10)).toBe(3);
  });

  it('forgets requests and retries after ten seconds', () => {
    const clock = new ManualClock();
    const budget = new RetryBudget(10, clock);
    count(budget, 100);
    clock.advance(5_000);
    count(budget, 50);
    expect(taken(budget, 100)).toBe(15);
    clock.advance(5_000);
    // The 100 are forgotten; the 15 retries are not, and are more than the 50 allow.
    expect(taken(budget, 100)).toBe(0);
    clock.advance(5_000);
    count(budget, 40);
    expect(taken(budget, 100)).toBe(4);
  });

  it('allows none at 0 %, and as many as requests at 100 %', () => {
    const none = new RetryBudget(0, new ManualClock());
    const all = new RetryBudget(100, new ManualClock());
    for (const budget of [none, all]) count(budget, 50);
    expect([taken(none, 100), taken(all, 100)]).toEqual([0, 50]);
  });
});
