import { Inject, Injectable } from '@nestjs/common';
import { GatewayConfig } from '../config/config.js';
import { ApiError } from '../errors/api-error.js';
import { toApiError } from '../errors/error-body.js';
import type { Cancellation } from '../common/cancellation.js';
import { CLOCK, type Clock, sleep } from '../common/clock.js';
import { type AttemptKind, Metrics, type UpstreamReading } from '../observability/metrics.js';
import { RANDOM, type Random } from '../common/random.js';
import { SHARING, type Sharing } from '../upstreams/sharing.js';
import type { Upstream } from '../upstreams/upstream.js';
import type { Place } from '../upstreams/upstream-state.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import type { Candidate } from './candidate.js';
import { RetryPolicy } from './retry-policy.js';
import { select } from './selection.js';
import { WaitingRoom } from './waiting-room.js';

/** One request of a caller, as the router sees it. */
export interface Job {
  requestedModel: string;
  /** Cancelled when the caller is gone. */
  cancellation: Cancellation;
  /** Whether the caller has got anything: from then on another attempt is a resume. */
  hasBegun(): boolean;
  /** Tokens that the caller has got so far: after an attempt that added to them, each candidate may be tried again. */
  progress(): number;
  /** Whether the candidate can do the request. */
  accepts(candidate: Candidate): boolean;
  /** Whether the candidate does it at no more cost than it has to: it is preferred to one of which the gateway asks more. */
  isNativeTo(candidate: Candidate): boolean;
  /** Makes the next attempt go on from what the caller has; false where that cannot be done. */
  prepareToGoOn(): boolean;
  /** Does the request on one upstream. `answered` is to be called when a good answer has begun. */
  attempt(candidate: Candidate, deadlineAt: number, answered: () => void): Promise<void>;
}

/** A job on its way through the upstreams, which are remembered by their names. */
interface Tour {
  job: Job;
  /** Tried in this round. */
  tried: Set<string>;
  /** Not to be asked again, since they would say the same: they lack the model, or refuse our credential. */
  ruledOut: Set<string>;
}

/** A candidate, and the place that the request has taken there. */
interface ChosenCandidate extends Candidate {
  place: Place;
}

/** Takes a request to one upstream after the other until one of them has done it. */
@Injectable()
export class Router {
  private readonly retries: RetryPolicy;
  private readonly waitingRoom: WaitingRoom;

  constructor(
    private readonly config: GatewayConfig,
    private readonly registry: UpstreamRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    private readonly metrics: Metrics,
    @Inject(SHARING) sharing: Sharing,
  ) {
    this.retries = new RetryPolicy(config.routing, clock, random);
    this.waitingRoom = new WaitingRoom(config.routing, clock);
    // A new configuration may have room for those who wait.
    registry.onChange(() => this.waitingRoom.letIn());
    sharing.onPlaces(() => this.waitingRoom.letIn());
    metrics.observe(
      () => registry.upstreams.map(readingOf),
      () => this.waitingRoom.size,
    );
  }

  /** Whether the model is one that the configuration or an upstream's list names, and not only one that somebody asked for. */
  isListed(model: string): boolean {
    return this.registry.upstreams.some(({ models }) => models.lists(model));
  }

  /** Every upstream that serves the model by name, pattern or discovery; else those that take any. */
  candidatesFor(requestedModel: string): Candidate[] {
    const candidates: Candidate[] = [];
    for (const upstream of this.registry.upstreams) {
      const upstreamModel = upstream.models.upstreamNameOf(requestedModel);
      if (upstreamModel !== undefined) candidates.push({ upstream, upstreamModel });
    }
    if (candidates.length > 0) return candidates;
    const any = this.registry.upstreams.filter(({ models }) => models.takesAny);
    return any.map((upstream) => ({ upstream, upstreamModel: requestedModel }));
  }

  /**
   * Tries the job's candidates until one attempt comes to its end.
   *
   * A failed attempt is followed by another one on a candidate that has not been tried (fallback), at once; when there is
   * none, on one that has (retry), after a wait. What was delivered before decides nothing here: `attempt` itself knows
   * whether it starts from the beginning or goes on with what the caller has (resume). All of them together are at most
   * `maxAttempts`, whatever each has brought.
   *
   * @throws {UpstreamError} the last one, when nothing is left to try.
   * @throws {ApiError} 503 when every upstream is full for too long.
   */
  async run(job: Job): Promise<void> {
    const deadlineAt = this.clock.now() + this.config.routing.deadlineMs;
    const tour: Tour = { job, tried: new Set(), ruledOut: new Set() };
    const { tried, ruledOut } = tour;
    const unreached = new Set<string>();
    let attempts = 0;
    let last: Candidate | undefined;
    this.retries.countRequest();
    for (;;) {
      const candidate = this.takePlaceNow(tour) ?? (await this.takePlace(tour));
      const progressBefore = job.progress();
      const kind = kindOf(candidate, last, job.hasBegun());
      last = candidate;
      const error = await this.attempt(job, candidate, kind, deadlineAt);
      if (!error) return;

      const name = nameOf(candidate);
      if (job.progress() > progressBefore) tried.clear();
      tried.add(name);
      if (!error.allowsRetry) ruledOut.add(name);
      const isRoundOver = !this.hasUntried(tour);
      // A failed connect is no attempt while another candidate remains; once for each candidate.
      const isFree = error.phase === 'not_sent' && !isRoundOver && !unreached.has(name);
      if (isFree) unreached.add(name);
      else attempts++;
      if (this.candidatesOf(tour).length === 0 || !job.prepareToGoOn()) throw error;
      if (!this.retries.isAllowed(error, attempts, this.hasAvailable(tour))) throw error;
      const waitMs = isRoundOver ? this.retries.waitMs(error, attempts) : 0;
      if (waitMs === undefined || this.clock.now() + waitMs >= deadlineAt) throw error;
      if (waitMs > 0) await sleep(this.clock, waitMs, job.cancellation);
      if (isRoundOver && this.candidatesOf(tour).length > 1) {
        tried.clear();
        tried.add(name);
      }
    }
  }

  /** Resolves with the error, when it is the upstream's. */
  private async attempt(
    job: Job,
    candidate: ChosenCandidate,
    kind: AttemptKind,
    deadlineAt: number,
  ): Promise<UpstreamError | undefined> {
    const { state, config } = candidate.upstream;
    let outcome = 'ok';
    let isAnswered = false;
    try {
      await job.attempt(candidate, deadlineAt, () => {
        if (!isAnswered) state.answered(candidate.place);
        isAnswered = true;
      });
      state.succeeded(candidate.place);
      return undefined;
    } catch (thrown) {
      outcome = job.cancellation.isCancelled ? 'client_gone' : String(toApiError(thrown).status);
      // What the caller's going away breaks off tells nothing about the upstream.
      if (!(thrown instanceof UpstreamError) || job.cancellation.isCancelled) throw thrown;
      if (thrown.isFailure) state.failed(candidate.place, thrown.phase === 'not_sent');
      if (thrown.status === 429)
        state.rateLimits.refused(candidate.upstreamModel, candidate.place, thrown.retryAfterMs);
      return thrown.redacted(this.registry.redaction);
    } finally {
      this.metrics.attempts.inc({ upstream: config.name, kind, outcome });
      state.release(candidate.place);
      this.waitingRoom.letIn();
    }
  }

  /** Takes a place on the best candidate, if it has one and nobody came before. */
  private takePlaceNow(tour: Tour): ChosenCandidate | undefined {
    // Who came before goes first.
    this.waitingRoom.letIn();
    const chosen = this.choose(tour);
    return chosen?.upstream.state.places.isFree ? taken(chosen) : undefined;
  }

  /** The same, and waits for one while all are full. */
  private async takePlace(tour: Tour): Promise<ChosenCandidate> {
    for (;;) {
      const chosen = this.choose(tour);
      if (!chosen) return this.waitingRoom.enter(() => this.enterNow(tour), tour.job.cancellation);
      if (chosen.upstream.state.places.isFree) return taken(chosen);
      // Another process may have one to give.
      await chosen.upstream.state.places.ask();
    }
  }

  /** For one who waits: what is asked for lets it in when it comes. */
  private enterNow(tour: Tour): ChosenCandidate | undefined {
    const chosen = this.choose(tour);
    if (!chosen) return undefined;
    if (chosen.upstream.state.places.isFree) return taken(chosen);
    void chosen.upstream.state.places.ask();
    return undefined;
  }

  /**
   * The best candidate; undefined while those that would do are full.
   *
   * A round goes over all candidates: first those that are available, then those that are not healthy, since a certain
   * 503 helps nobody and they may have recovered. Then a new round begins, the last that failed at its end.
   */
  private choose(tour: Tour): Candidate | undefined {
    const candidates = this.candidatesOf(tour);
    const untried = without(candidates, tour.tried);
    const chosen = this.selectFrom(untried, tour.job) ?? this.selectFrom(candidates, tour.job);
    if (chosen) return chosen;
    if (candidates.every(isRateLimited)) throw rateLimited(candidates);
    return undefined;
  }

  private selectFrom(candidates: Candidate[], job: Job): Candidate | undefined {
    const isPreferred = (candidate: Candidate): boolean => job.isNativeTo(candidate);
    const available = candidates.every(isAvailable) ? candidates : candidates.filter(isAvailable);
    const usable = available.length > 0 || candidates.some(isHealthy) ? available : candidates.filter(mayBeTried);
    return select(withoutLastChoices(usable), this.random, isPreferred);
  }

  private candidatesOf({ job, ruledOut }: Tour): Candidate[] {
    return without(this.candidatesFor(job.requestedModel), ruledOut).filter((candidate) => job.accepts(candidate));
  }

  /** Whether the next attempt can go to a candidate that is well and was not tried: what it bears is what it is there for. */
  private hasAvailable(tour: Tour): boolean {
    return this.untriedOf(tour).some((each) => isAvailable(each) && !isLastChoice(each));
  }

  private hasUntried(tour: Tour): boolean {
    return this.untriedOf(tour).some(mayBeTried);
  }

  private untriedOf(tour: Tour): Candidate[] {
    return without(this.candidatesOf(tour), tour.tried);
  }
}

/** A candidate that has a free place, the place taken. */
const taken = ({ upstream, upstreamModel }: Candidate): ChosenCandidate => ({
  upstream,
  upstreamModel,
  place: upstream.state.take(upstreamModel),
});

/** Those of other names; there mostly are none to leave out. */
function without(candidates: Candidate[], names: ReadonlySet<string>): Candidate[] {
  return names.size === 0 ? candidates : candidates.filter((candidate) => !names.has(nameOf(candidate)));
}

/** Why this attempt is made, `last` being the candidate of the one before. */
function kindOf(candidate: Candidate, last: Candidate | undefined, hasBegun: boolean): AttemptKind {
  if (!last) return 'first';
  if (hasBegun) return 'resume';
  return candidate.upstream === last.upstream ? 'retry' : 'fallback';
}

function readingOf({ config, state }: Upstream): UpstreamReading {
  return { upstream: config.name, inFlight: state.inFlightCount, isAvailable: state.isAvailable };
}

const nameOf = ({ upstream }: Candidate): string => upstream.config.name;
const isRateLimited = ({ upstream, upstreamModel }: Candidate): boolean =>
  upstream.state.rateLimits.isClosed(upstreamModel);
const isAvailable = (candidate: Candidate): boolean =>
  candidate.upstream.state.isAvailable && !isRateLimited(candidate);
const isHealthy = (candidate: Candidate): boolean => candidate.upstream.state.isHealthy && !isRateLimited(candidate);
/** Neither rate-limited nor full; nothing is said of its health. */
const mayBeTried = (candidate: Candidate): boolean => !candidate.upstream.state.isFull && !isRateLimited(candidate);
const isLastChoice = ({ upstream, upstreamModel }: Candidate): boolean =>
  upstream.state.rateLimits.isLastChoice(upstreamModel);

/** Those that have not just said 429; all, when all have. */
function withoutLastChoices(candidates: Candidate[]): Candidate[] {
  if (candidates.length < 2 || !candidates.some(isLastChoice)) return candidates;
  const others = candidates.filter((candidate) => !isLastChoice(candidate));
  return others.length > 0 ? others : candidates;
}

/** Every upstream of the model is rate-limited, or none is left after a change of the configuration. */
function rateLimited(candidates: readonly Candidate[]): ApiError {
  const restMs = Math.min(
    ...candidates.map(({ upstream, upstreamModel }) => upstream.state.rateLimits.restMs(upstreamModel)),
  );
  if (restMs === Infinity)
    return new ApiError(503, 'no_upstream_available', 'No upstream serves this model any more.', {
      headers: { 'Retry-After': '1' },
    });
  const headers = { 'Retry-After': String(Math.ceil(restMs / 1000)) };
  return new ApiError(429, 'rate_limit_exceeded', 'Every upstream of this model is at its rate limit.', { headers });
}
