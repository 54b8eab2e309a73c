import type { RoutingConfig } from '../config/config.js';
import type { Clock } from '../common/clock.js';
import type { Random } from '../common/random.js';
import type { UpstreamError } from '../upstreams/upstream-error.js';
import { RetryBudget } from './retry-budget.js';

/** Decides whether a request is tried again, and after how long. */
export class RetryPolicy {
  private readonly budget: RetryBudget;

  constructor(
    private readonly config: RoutingConfig,
    clock: Clock,
    private readonly random: Random,
  ) {
    this.budget = new RetryBudget(config.retryBudgetPercent, clock);
  }

  countRequest(): void {
    this.budget.count();
  }

  /**
   * Whether another attempt may follow, after so many of this request. Takes it from the budget, which refuses only what
   * would go to upstreams that have failed already: a healthy one is not part of the outage.
   */
  isAllowed(error: UpstreamError, attempts: number, hasAvailable: boolean): boolean {
    if (!error.allowsFallback || attempts >= this.config.maxAttempts) return false;
    if (error.isTimeout && !this.config.retryTimeouts) return false;
    return !error.isCharged || this.budget.take(hasAvailable);
  }

  /**
   * How long to wait before the same upstream is tried again: what it asked for, or exponential back-off with full
   * jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   *
   * @returns undefined when it asked for longer than anybody should wait here.
   */
  waitMs(error: UpstreamError, attempts: number): number | undefined {
    const { backoffMs, maxBackoffMs, maxRetryAfterMs } = this.config;
    const { retryAfterMs } = error;
    if (retryAfterMs !== undefined) return retryAfterMs <= maxRetryAfterMs ? retryAfterMs : undefined;
    return this.random() * Math.min(maxBackoffMs, backoffMs * 2 ** (attempts - 1));
  }
}
