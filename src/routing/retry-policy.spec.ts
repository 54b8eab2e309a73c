import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.js';
import { RoutingConfig } from '../config/config.js';
import { refusalOf } from '../upstreams/refusal.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { RetryPolicy } from './retry-policy.js';

const NOW = Date.UTC(2026, 0, 1);

function policy(options: Partial<RoutingConfig> = {}, random = 0.5): RetryPolicy {
  return new RetryPolicy(Object.assign(new RoutingConfig(), options), new ManualClock(), () => random);
}

const refused = (status: number, headers: Record<string, string> = {}): UpstreamError =>
  refusalOf(status, headers, '', NOW);
const timedOut = new UpstreamError('sent', 'silent', { isTimeout: true });

describe('the retry policy', () => {
  it.each([
    ['no connection', new UpstreamError('not_sent', ''), true],
    ['a reset before an answer', new UpstreamError('sent', ''), true],
    ['an answer that breaks off', new UpstreamError('broken', ''), true],
    ['an answer that makes no sense', new UpstreamError('answered', ''), true],
    ['a timeout', timedOut, true],
    ...[408, 429, 500, 502, 503, 504, 401, 403, 404].map((status) => [`${status}`, refused(status), true] as const),
    ...[400, 413, 422].map((status) => [`${status}`, refused(status), false] as const),
  ])('after %s: another attempt? %s', (_, error, isAllowed) => {
    expect(policy().isAllowed(error, 1)).toBe(isAllowed);
  });

  it.each([
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ])('asks the same upstream again after %i: %s', (status, allowsRetry) => {
    expect(refused(status, { 'retry-after': '1' }).allowsRetry).toBe(allowsRetry);
  });

  it('does not ask the same upstream again after a 429 that does not say for how long', () => {
    expect(refused(429).allowsRetry).toBe(false);
  });

  it('allows that many attempts, the first one included', () => {
    const error = new UpstreamError('sent', '');
    expect([1, 2, 3, 4].map((attempts) => policy({ maxAttempts: 3 }).isAllowed(error, attempts))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('does not send again what timed out with `retryTimeouts: false`', () => {
    expect(policy({ retryTimeouts: false }).isAllowed(timedOut, 1)).toBe(false);
    expect(policy({ retryTimeouts: false }).isAllowed(new UpstreamError('sent', ''), 1)).toBe(true);
  });

  it('charges the budget only for retries that load an upstream which is alive', () => {
    const empty = policy({ retryBudgetPercent: 0 });
    const isFree = (error: UpstreamError): boolean => empty.charge('m', error, false);
    expect(
      [new UpstreamError('not_sent', ''), new UpstreamError('sent', ''), refused(404), refused(401)].map(isFree),
    ).toEqual([true, true, true, true]);
    expect([timedOut, refused(503), refused(429), new UpstreamError('answered', '')].map(isFree)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('lets a fallback to an available upstream pass an empty budget', () => {
    const empty = policy();
    while (empty.charge('m', refused(503), false));
    expect([refused(503), refused(429), timedOut].map((error) => empty.charge('m', error, true))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('has a budget for each model', () => {
    const spent = policy();
    while (spent.charge('of an outage', refused(503), false));
    expect(spent.charge('another', refused(503), false)).toBe(true);
  });

  it('waits twice as long each time, up to the limit, with jitter', () => {
    const error = new UpstreamError('sent', '');
    const waits = (random: number): (number | undefined)[] =>
      [1, 2, 3, 4, 5].map((attempts) => policy({ backoffMs: 100, maxBackoffMs: 500 }, random).waitMs(error, attempts));
    expect(waits(1)).toEqual([100, 200, 400, 500, 500]);
    expect(waits(0.5)).toEqual([50, 100, 200, 250, 250]);
    expect(waits(0)).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    ['3', 3_000],
    ['0', 0],
    ['5', 5_000],
    ['6', undefined],
    [new Date(NOW + 2_000).toUTCString(), 2_000],
    [new Date(NOW - 2_000).toUTCString(), 0],
    ['soon', 50],
  ])("waits for a 429's Retry-After up to the limit: %s", (retryAfter, waitMs) => {
    expect(policy().waitMs(refused(429, { 'retry-after': retryAfter }), 1)).toBe(waitMs);
  });

  it('backs off before another upstream is tried again after a 429 that does not say for how long', () => {
    expect(policy().waitMs(refused(429), 1)).toBe(50);
  });
});
