import { remember } from '../common/remember.js';
import type { Clock } from '../common/clock.js';
import type { Random } from '../common/random.js';
import type { RoutingConfig } from '../config/config.js';
import type { UpstreamError } from '../upstreams/upstream-error.js';
import { RetryBudget } from './retry-budget.js';

/** An upstream that takes any model may be asked for any name; the budgets of the oldest are forgotten. */
const MAX_MODELS = 1_000;

/** Decides whether a request is tried again, and after how long. */
export class RetryPolicy {
  /** By requested model: an outage of one model leaves the others theirs. */
  private readonly budgets = new Map<string, RetryBudget>();

  constructor(
    private readonly config: RoutingConfig,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  countRequest(model: string): void {
    this.budgetOf(model).count();
  }

  /** Whether another attempt may follow, after so many of this request. */
  isAllowed(error: UpstreamError, attempts: number): boolean {
    if (!error.allowsFallback || attempts >= this.config.maxAttempts) return false;
    return !error.isTimeout || this.config.retryTimeouts;
  }

  /**
   * Takes the retry from the model's budget, and is asked last. It refuses only what would go to upstreams that have failed
   * already: an available one is not part of the outage.
   */
  charge(model: string, error: UpstreamError, hasAvailable: boolean): boolean {
    return !error.isCharged || this.budgetOf(model).take(hasAvailable);
  }

  /**
   * How long to wait before the same upstream is tried again: what it asked for, or exponential back-off with full
   * jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   *
   * @returns milliseconds; undefined when it asked for longer than a request may wait.
   */
  waitMs(error: UpstreamError, attempts: number): number | undefined {
    const { backoffMs, maxBackoffMs, maxRetryAfterMs } = this.config;
    const { retryAfterMs } = error;
    if (retryAfterMs !== undefined) return retryAfterMs <= maxRetryAfterMs ? retryAfterMs : undefined;
    return this.random() * Math.min(maxBackoffMs, backoffMs * 2 ** (attempts - 1));
  }

  private budgetOf(model: string): RetryBudget {
    let budget = this.budgets.get(model);
    if (!budget) {
      budget = new RetryBudget(this.config.retryBudgetPercent, this.clock);
      remember(this.budgets, model, budget, MAX_MODELS);
    }
    return budget;
  }
}
