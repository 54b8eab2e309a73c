import type { UpstreamConfig } from '../config/config.js';
import type { Clock } from '../common/clock.js';
import { OwnSlots, type Slots } from './slots.js';
import { RateLimits } from './rate-limits.js';

/** Whether an upstream may get requests, and if not, why. `rate_limited`: not for every model. */
export type Condition = 'healthy' | 'ejected' | 'half_open' | 'down' | 'drained' | 'rate_limited';

/** What a request holds from `take` to `release`. */
export interface Slot {
  /** By the upstream's name. */
  readonly model: string;
  /** Whether it is the one that tries an ejected upstream. */
  readonly isTrial: boolean;
}

/**
 * What is known of one upstream from its traffic (passive) and from its health checks (active), in small questions:
 * `isAvailable = isHealthy && !isFull`. Rate limits are per model, and kept apart (`rateLimits`).
 *
 * After some failures in a row it is ejected for a time that doubles with each ejection. After that it is half-open: one real
 * request tries it, which makes it healthy again or ejects it for longer.
 */
export class UpstreamState {
  /** Good answers that have begun. */
  answerCount = 0;
  inFlightCount = 0;
  /** In a row. */
  ejectionCount = 0;
  /** An operator has taken it out of service: it gets no request, and those under way end. */
  isDrained = false;
  readonly rateLimits: RateLimits;
  private failuresInARow = 0;
  private ejectedUntil: number | undefined;
  private trial: Slot | undefined;
  private isDown = false;
  /** Set by the first check, or by traffic. */
  private isKnown = false;
  /** The last failure was a failed connect. */
  private isUnreached = false;

  constructor(
    private readonly limits: Pick<UpstreamConfig, 'maxConcurrency' | 'health'>,
    private readonly clock: Clock,
    readonly slots: Slots = new OwnSlots(limits.maxConcurrency),
  ) {
    this.rateLimits = new RateLimits(limits.health.maxRestMs, clock);
  }

  get isFull(): boolean {
    return this.isDrained || this.slots.areFull;
  }

  get isHealthy(): boolean {
    return !this.isDrained && !this.isDown && (this.ejectedUntil === undefined || this.isTrialDue);
  }

  /** It may get requests. Where its slots are shared, one may have to be asked for first (`slots`). */
  get isAvailable(): boolean {
    return this.isHealthy && !this.isFull;
  }

  /**
   * Whether it can be reached, as far as is known without asking: by active checks, and by connections of real requests
   * that could not be made. That requests fail does not count: a client's poison must not take the gateway out of service.
   */
  get isReachable(): boolean {
    const isShut = this.isUnreached && (this.ejectedUntil ?? 0) > this.clock.now();
    return this.isKnown && !this.isDrained && !this.isDown && !isShut;
  }

  get condition(): Condition {
    if (this.isDown) return 'down';
    if (this.isDrained) return 'drained';
    if (this.trial) return 'half_open';
    if (this.ejectedUntil !== undefined) return 'ejected';
    return this.rateLimits.models.length > 0 ? 'rate_limited' : 'healthy';
  }

  /** Takes a slot for one request for the model, which `release` gives back. One must be free: `slots.isFree`. */
  take(model: string): Slot {
    this.inFlightCount++;
    this.slots.take();
    const slot = { model, isTrial: this.ejectedUntil !== undefined && this.isTrialDue };
    if (slot.isTrial) this.trial = slot;
    this.rateLimits.began(model, slot);
    return slot;
  }

  /** Gives the slot back. `slots` announces it last, when all else is up to date. */
  release(slot: Slot): void {
    this.inFlightCount--;
    // A trial whose client disconnected proves nothing: the next request is the trial.
    if (this.trial === slot) this.trial = undefined;
    this.rateLimits.ended(slot.model, slot);
    this.slots.release();
  }

  /** It has begun a good answer: it may get requests again. Failures in a row count until one ends well. */
  answered(slot: Slot): void {
    this.answerCount++;
    this.rateLimits.answered(slot.model, slot);
    this.ejectedUntil = undefined;
    this.trial = undefined;
    this.isKnown = true;
    this.isUnreached = false;
    // A real answer is newer evidence than the last probe.
    this.isDown = false;
  }

  /** It has brought a good answer to its end. */
  succeeded(slot: Slot): void {
    this.answered(slot);
    this.failuresInARow = 0;
    this.ejectionCount = 0;
  }

  /** The request of this slot could not reach it (`isUnreached`), broke off, timed out, or got the answer of a failure. */
  failed(slot: Slot, isUnreached = false): void {
    // Requests that were under way when it was ejected fail too: they are the same failure, and no new one.
    if (this.ejectedUntil !== undefined && this.trial !== slot) return;
    this.failuresInARow++;
    this.isUnreached = isUnreached;
    if (this.trial === slot || this.failuresInARow >= this.limits.health.ejectAfterFailures) this.eject();
  }

  /** The result of an active check. */
  probed(isUp: boolean): void {
    this.isKnown = true;
    this.isDown = !isUp;
    if (isUp) this.isUnreached = false;
  }

  private get isTrialDue(): boolean {
    return !this.trial && (this.ejectedUntil ?? 0) <= this.clock.now();
  }

  private eject(): void {
    const { ejectMs, maxEjectMs } = this.limits.health;
    this.ejectedUntil = this.clock.now() + Math.min(maxEjectMs, ejectMs * 2 ** this.ejectionCount);
    this.ejectionCount++;
    this.failuresInARow = 0;
    this.trial = undefined;
  }
}
