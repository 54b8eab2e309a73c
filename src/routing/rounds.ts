import { ApiError } from '../errors/api-error.js';
import type { UpstreamError } from '../upstreams/upstream-error.js';
import {
  type EligibleCandidate,
  isAvailable,
  isHealthy,
  isLastChoice,
  isRateLimited,
  mayBeTried,
  nameOf,
} from './candidate.js';
import type { RoutedRequest } from './routed-request.js';
import type { SelectionPolicy } from './selection.js';

/** Shared by nearly all requests, which have no failed attempt. */
const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * The candidates of one request, round by round, by their names.
 *
 * A round tries the available candidates and then the unhealthy ones, which may have recovered and are better than a certain
 * 503. The next round begins with the last that failed at its end.
 */
export class Rounds {
  /** In this round. */
  private tried = NO_NAMES;
  /** Those that would fail again: they lack the model or refuse our credential. */
  private ruledOut = NO_NAMES;
  /** Those with one uncounted failed connect: the next one counts. */
  private unreached = NO_NAMES;

  constructor(
    private candidates: readonly EligibleCandidate[],
    private readonly request: RoutedRequest<unknown>,
    private readonly policy: SelectionPolicy,
  ) {}

  /** Under a new configuration. */
  replace(candidates: readonly EligibleCandidate[]): void {
    this.candidates = candidates;
  }

  get names(): string[] {
    return this.candidates.map(nameOf);
  }

  /** Those that may get another attempt of the request. */
  get remaining(): readonly EligibleCandidate[] {
    const { candidates, request } = this;
    const left = without(candidates, this.ruledOut);
    return request.hasBegun() ? left.filter((each) => request.canResumeOn(each)) : left;
  }

  /** Whether every candidate that may be tried now was tried in this round. */
  get isOver(): boolean {
    return !this.untried.some(mayBeTried);
  }

  /** Whether a healthy candidate is left in this round. */
  get hasAvailable(): boolean {
    return this.untried.some((each) => isAvailable(each) && !isLastChoice(each));
  }

  /**
   * The best candidate; undefined while those that would do are full.
   *
   * @throws {ApiError} 429 when all are rate-limited, 503 when none is left.
   */
  choose(): EligibleCandidate | undefined {
    const { remaining } = this;
    const chosen = this.selectFrom(without(remaining, this.tried)) ?? this.selectFrom(remaining);
    if (chosen) return chosen;
    if (remaining.every(isRateLimited)) throw rateLimited(remaining);
    return undefined;
  }

  /**
   * Notes a failed attempt.
   *
   * @returns whether it counts: a failed connect does not while another candidate remains, once for each candidate.
   */
  noteFailure(candidate: EligibleCandidate, error: UpstreamError, hasProgressed: boolean): boolean {
    const name = nameOf(candidate);
    const failed = new Set([name]);
    this.tried = hasProgressed ? failed : failed.union(this.tried);
    if (!error.allowsRetry) this.ruledOut = failed.union(this.ruledOut);
    if (error.phase !== 'not_sent' || this.isOver || this.unreached.has(name)) return true;
    this.unreached = failed.union(this.unreached);
    return false;
  }

  /** Begins the next round. */
  restart(last: EligibleCandidate): void {
    if (this.remaining.length >= 2) this.tried = new Set([nameOf(last)]);
  }

  private get untried(): readonly EligibleCandidate[] {
    return without(this.remaining, this.tried);
  }

  private selectFrom(candidates: readonly EligibleCandidate[]): EligibleCandidate | undefined {
    const available = candidates.every(isAvailable) ? candidates : candidates.filter(isAvailable);
    const usable = available.length > 0 || candidates.some(isHealthy) ? available : candidates.filter(mayBeTried);
    return this.policy.select(withoutLastChoices(usable), this.request);
  }
}

function without(candidates: readonly EligibleCandidate[], names: ReadonlySet<string>): readonly EligibleCandidate[] {
  return names.size === 0 ? candidates : candidates.filter((candidate) => !names.has(nameOf(candidate)));
}

/** Those that did not just answer 429; all when all did. */
function withoutLastChoices(candidates: readonly EligibleCandidate[]): readonly EligibleCandidate[] {
  if (candidates.length < 2 || !candidates.some(isLastChoice)) return candidates;
  const others = candidates.filter((candidate) => !isLastChoice(candidate));
  return others.length > 0 ? others : candidates;
}

function rateLimited(candidates: readonly EligibleCandidate[]): ApiError {
  const waits = candidates.map(({ upstream, upstreamModel }) => upstream.state.rateLimits.remainingMs(upstreamModel));
  if (waits.length === 0)
    return new ApiError(503, 'no_upstream_available', 'No upstream serves this model any more.', {
      headers: { 'Retry-After': '1' },
    });
  const headers = { 'Retry-After': String(Math.ceil(Math.min(...waits) / 1000)) };
  return new ApiError(429, 'rate_limit_exceeded', 'Every upstream of this model is at its rate limit.', { headers });
}
