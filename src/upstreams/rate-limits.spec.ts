import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { RateLimits } from './rate-limits.js';

const MAX_REST_MS = 60_000;

describe('the rate limits of an upstream', () => {
  let clock: ManualClock;
  let limits: RateLimits;

  beforeEach(() => {
    clock = new ManualClock();
    limits = new RateLimits(MAX_REST_MS, clock);
  });

  /** One request for the model, and its end. */
  function request(model: string, end: (slot: object) => void): void {
    const slot = {};
    limits.began(model, slot);
    end(slot);
    limits.ended(model, slot);
  }

  const refuse = (model: string, retryAfterMs?: number): void =>
    request(model, (slot) => limits.refused(model, slot, retryAfterMs));

  it('close a model, and no other, for the longest time that was asked for', () => {
    refuse('m', 2_000);
    refuse('m', 500);
    expect([limits.isClosed('m'), limits.remainingMs('m'), limits.isClosed('other')]).toEqual([true, 2_000, false]);
    clock.advance(1_999);
    expect(limits.isClosed('m')).toBe(true);
    clock.advance(1);
    expect([limits.isClosed('m'), limits.remainingMs('m'), limits.models]).toEqual([false, 0, []]);
  });

  it.each([3_600_000, Infinity])('close a model for no longer than the limit: %d', (retryAfterMs) => {
    refuse('m', retryAfterMs);
    expect(limits.remainingMs('m')).toBe(MAX_REST_MS);
  });

  it('close nothing without a Retry-After, nor with one of 0', () => {
    refuse('m');
    refuse('n', 0);
    expect([limits.isClosed('m'), limits.isLastChoice('m')]).toEqual([false, true]);
    expect([limits.isClosed('n'), limits.isLastChoice('n')]).toEqual([false, false]);
    clock.advance(1_000);
    expect(limits.isLastChoice('m')).toBe(false);
  });

  it('let one request try each 5 seconds, and the next when that one is cancelled', () => {
    refuse('m', 60_000);
    clock.advance(5_000);
    expect(limits.isClosed('m')).toBe(false);
    request('m', () => expect(limits.isClosed('m')).toBe(true));
    expect(limits.isClosed('m')).toBe(false);
    refuse('m', 60_000);
    expect(limits.isClosed('m')).toBe(true);
    clock.advance(5_000);
    expect(limits.isClosed('m')).toBe(false);
  });

  it('believe a trial: its answer opens the model, its Retry-After replaces the one before', () => {
    refuse('m', 60_000);
    clock.advance(5_000);
    refuse('m', 2_000);
    expect(limits.remainingMs('m')).toBe(2_000);
    clock.advance(2_000);
    refuse('m', 60_000);
    clock.advance(5_000);
    request('m', (slot) => limits.answered('m', slot));
    expect([limits.isClosed('m'), limits.models]).toEqual([false, []]);
  });

  it('are kept for a bounded number of models, the oldest of which are forgotten', () => {
    for (let i = 0; i < 1_500; i++) refuse(`m${i}`, 60_000);
    expect(limits.models).toHaveLength(1_000);
    expect([limits.isClosed('m499'), limits.isClosed('m500'), limits.isClosed('m1499')]).toEqual([false, true, true]);
  });

  it('are not lifted by the answer to an older request', () => {
    const old = {};
    limits.began('m', old);
    refuse('m', 60_000);
    limits.answered('m', old);
    expect(limits.isClosed('m')).toBe(true);
  });
});
