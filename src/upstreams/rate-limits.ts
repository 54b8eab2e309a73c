import type { Clock } from '../common/clock.js';
import { remember } from '../common/remember.js';

/** How often one request tries a rate-limited model: a wrong `Retry-After` must not close it for long. */
const TRIAL_INTERVAL_MS = 5_000;

/** How long an upstream is the last choice after a 429 without `Retry-After`. */
const LAST_CHOICE_MS = 1_000;

/** An upstream that takes any model may be asked for any name; the oldest are forgotten. */
const MAX_MODELS = 1_000;

interface RateLimit {
  until: number;
  trialAt: number;
  /** The request that tries it. */
  trial: object | undefined;
}

/**
 * The models for which an upstream is rate-limited. A 429 concerns the requested model only: the requests of one client must
 * not close the models that others use.
 *
 * A `Retry-After` closes the model for that long, up to a limit; every 5 seconds one request tries it, and a good answer
 * opens it. After a 429 without one the model stays open, and the upstream is its last choice for a second.
 */
export class RateLimits {
  private readonly limits = new Map<string, RateLimit>();
  private readonly lastChoiceUntil = new Map<string, number>();

  constructor(
    private readonly maxRestMs: number,
    private readonly clock: Clock,
  ) {}

  /** Whether no request for the model may be sent now. */
  isClosed(model: string): boolean {
    const limit = this.limitOf(model);
    return limit !== undefined && (limit.trial !== undefined || limit.trialAt > this.clock.now());
  }

  /** Whether it recently answered 429 without a `Retry-After`. */
  isLastChoice(model: string): boolean {
    return this.lastChoiceUntil.size > 0 && (this.lastChoiceUntil.get(model) ?? 0) > this.clock.now();
  }

  /** Milliseconds until the model is open again. */
  remainingMs(model: string): number {
    const limit = this.limitOf(model);
    return limit ? limit.until - this.clock.now() : 0;
  }

  /** The models that are rate-limited now. */
  get models(): string[] {
    const now = this.clock.now();
    return [...this.limits].filter(([, { until }]) => until > now).map(([model]) => model);
  }

  /** A request for the model is sent, known as `slot`: the trial, when one is due. */
  began(model: string, slot: object): void {
    const limit = this.limitOf(model);
    if (limit && !this.isClosed(model)) limit.trial = slot;
  }

  /** A request has ended. A trial without an answer proves nothing: the next request is the trial. */
  ended(model: string, slot: object): void {
    const limit = this.limits.size > 0 ? this.limits.get(model) : undefined;
    if (limit?.trial === slot) limit.trial = undefined;
  }

  /** A good answer. Only that of a trial is newer than the limit. */
  answered(model: string, slot: object): void {
    if (this.limits.size > 0 && this.limits.get(model)?.trial === slot) this.limits.delete(model);
  }

  /** A 429, with what its `Retry-After` asks for, in milliseconds. */
  refused(model: string, slot: object, retryAfterMs: number | undefined): void {
    const now = this.clock.now();
    const limit = this.limitOf(model);
    const isTrial = limit?.trial === slot;
    if (isTrial) Object.assign(limit, { trial: undefined, trialAt: now + TRIAL_INTERVAL_MS });
    if (retryAfterMs === undefined) {
      remember(this.lastChoiceUntil, model, now + LAST_CHOICE_MS, MAX_MODELS);
      return;
    }
    const until = now + Math.min(retryAfterMs, this.maxRestMs);
    // A trial's result is newer than the earlier 429.
    if (limit) limit.until = isTrial ? until : Math.max(limit.until, until);
    else if (until > now) {
      remember(this.limits, model, { until, trialAt: now + TRIAL_INTERVAL_MS, trial: undefined }, MAX_MODELS);
    }
  }

  private limitOf(model: string): RateLimit | undefined {
    if (this.limits.size === 0) return undefined;
    const limit = this.limits.get(model);
    if (!limit || limit.until > this.clock.now()) return limit;
    this.limits.delete(model);
    return undefined;
  }
}
