import type { UpstreamConfig } from '../config/config.js';
import type { Clock } from '../telemetry/clock.js';
import { OwnPlaces, type Places } from './places.js';

/** No rest is longer: a `Retry-After` may be a mistake, and who asks again after an hour asks for nothing unseemly. */
const MAX_REST_MS = 3_600_000;

/** Whether an upstream may get requests, and if not, why. */
export type Condition = 'healthy' | 'ejected' | 'on_trial' | 'down' | 'resting';

/** What a request holds from `take` to `release`. */
export interface Place {
  /** Whether it is the one that tries an ejected upstream. */
  readonly isTrial: boolean;
}

/**
 * What is known of one upstream from its traffic (passive) and from its probes (active), asked in small questions:
 * `isAvailable = isHealthy && !isFull`.
 *
 * After some failures in a row it is ejected for a while that doubles with each ejection. When the while is over, one
 * real request tries it: if that succeeds it is healthy again, if not it is ejected for longer.
 */
export class UpstreamState {
  private inFlight = 0;
  private failuresInARow = 0;
  private ejections = 0;
  private ejectedUntil: number | undefined;
  private trial: Place | undefined;
  private restsUntil = 0;
  private isDown = false;

  constructor(
    private readonly limits: Pick<UpstreamConfig, 'maxConcurrency' | 'health'>,
    private readonly clock: Clock,
    readonly places: Places = new OwnPlaces(limits.maxConcurrency),
  ) {}

  get inFlightCount(): number {
    return this.inFlight;
  }

  get isFull(): boolean {
    return this.places.areFull;
  }

  get isHealthy(): boolean {
    const { condition } = this;
    return condition === 'healthy' || (condition === 'ejected' && this.isTrialDue);
  }

  /** It may get requests. Where its places are shared, one may have to be asked for first (`places`). */
  get isAvailable(): boolean {
    return this.isHealthy && !this.isFull;
  }

  get condition(): Condition {
    if (this.isDown) return 'down';
    if (this.isResting) return 'resting';
    if (this.trial) return 'on_trial';
    return this.ejectedUntil === undefined ? 'healthy' : 'ejected';
  }

  /** Whether the upstream has asked to be left alone. */
  get isResting(): boolean {
    return this.restsUntil > this.clock.now();
  }

  /** How long it still wants to be left alone. */
  get restMs(): number {
    return Math.max(0, this.restsUntil - this.clock.now());
  }

  /** Takes a place for one request, which `release` gives back. One must be free: `places.isFree`. */
  take(): Place {
    this.inFlight++;
    this.places.take();
    const place = { isTrial: this.ejectedUntil !== undefined && this.isTrialDue };
    if (place.isTrial) this.trial = place;
    return place;
  }

  release(place: Place): void {
    this.inFlight--;
    this.places.release();
    // A trial whose client hung up has told nothing: the next request is the trial.
    if (this.trial === place) this.trial = undefined;
  }

  /** It has begun a good answer: it may get requests again. Whether it can end one is still to be seen. */
  answered(): void {
    this.ejectedUntil = undefined;
    this.trial = undefined;
    // A real answer is newer, and tells more, than the last probe.
    this.isDown = false;
  }

  /** It has brought a good answer to its end. */
  succeeded(): void {
    this.answered();
    this.failuresInARow = 0;
    this.ejections = 0;
  }

  /** The request of this place could not reach it, broke off, met silence for too long, or was told of a failure. */
  failed(place: Place): void {
    // Requests that were under way when it was ejected fail too: they are the same failure, and no new one.
    if (this.ejectedUntil !== undefined && this.trial !== place) return;
    this.failuresInARow++;
    if (this.trial === place || this.failuresInARow >= this.limits.health.ejectAfterFailures) this.eject();
  }

  /** It is at its rate limit and wants to be left alone for so long. That is no failure. */
  rest(milliseconds: number): void {
    const restMs = Math.min(milliseconds, MAX_REST_MS);
    this.restsUntil = Math.max(this.restsUntil, this.clock.now() + restMs);
  }

  /** What an active probe found. */
  probed(isUp: boolean): void {
    this.isDown = !isUp;
  }

  private get isTrialDue(): boolean {
    return !this.trial && (this.ejectedUntil ?? 0) <= this.clock.now();
  }

  private eject(): void {
    const { ejectMs, maxEjectMs } = this.limits.health;
    this.ejectedUntil = this.clock.now() + Math.min(maxEjectMs, ejectMs * 2 ** this.ejections);
    this.ejections++;
    this.failuresInARow = 0;
    this.trial = undefined;
  }
}
