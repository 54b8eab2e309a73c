import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, sleep } from '../common/clock.js';
import { RANDOM, type Random } from '../common/random.js';
import { GatewayConfig } from '../config/config.js';
import { toApiError } from '../errors/error-body.js';
import { type AttemptKind, Metrics, type UpstreamReading } from '../observability/metrics.js';
import type { Upstream } from '../upstreams/upstream.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import { type Candidate, type EligibleCandidate, nameOf } from './candidate.js';
import { Poison } from './poison.js';
import { Queue } from './queue.js';
import { Reservation } from './reservation.js';
import { RetryPolicy } from './retry-policy.js';
import { Rounds } from './rounds.js';
import type { Attempt, RoutedRequest } from './routed-request.js';
import { type SelectionPolicy, WeightedTwoChoices } from './selection.js';

/** The state of one request's attempts. */
interface Route<Continuation> {
  request: RoutedRequest<Continuation>;
  rounds: Rounds;
  /** The registry's upstreams when the candidates were found. */
  upstreams: readonly Upstream[];
  deadlineAt: number;
  /** Those that count towards `maxAttempts`. */
  attempts: number;
  last: EligibleCandidate | undefined;
  poison: Poison;
}

/** The attempt after a failed one: from the start, or as a continuation of what the client has. */
interface NextAttempt<Continuation> {
  waitMs: number;
  continuation: Continuation | undefined;
}

/** Tries a request on one upstream after the other until one of them completes it. */
@Injectable()
export class Router {
  private readonly retries: RetryPolicy;
  private readonly queue: Queue;
  private readonly policy: SelectionPolicy;

  constructor(
    private readonly config: GatewayConfig,
    private readonly registry: UpstreamRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) random: Random,
    private readonly metrics: Metrics,
  ) {
    this.retries = new RetryPolicy(config.routing, clock, random);
    this.queue = new Queue(config.routing, clock);
    this.policy = new WeightedTwoChoices(random);
    for (const upstream of registry.upstreams) this.wakeQueueOn(upstream);
    registry.onChange((added) => {
      for (const upstream of added) this.wakeQueueOn(upstream);
      this.queue.wakeAll();
    });
    metrics.observe(
      () => registry.upstreams.map(readingOf),
      () => this.queue.length,
    );
  }

  /** Whether the configuration or an upstream's list names the model. */
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
   * Tries the candidates until one attempt succeeds.
   *
   * A failed attempt is followed at once by one on an untried candidate (fallback), or, when there is none, by one on a
   * candidate that has failed (retry), after a wait. Once the client has received something, either is a resume. All of
   * them together are at most `maxAttempts`.
   *
   * @throws {UpstreamError} the last one, when nothing is left to try.
   * @throws {ApiError} 503 when every upstream is full for too long, 429 when all are rate-limited.
   */
  async run<Continuation>(
    request: RoutedRequest<Continuation>,
    candidates: readonly EligibleCandidate[],
  ): Promise<void> {
    const route: Route<Continuation> = {
      request,
      rounds: new Rounds(candidates, request, this.policy),
      upstreams: this.registry.upstreams,
      deadlineAt: this.clock.now() + this.config.routing.deadlineMs,
      attempts: 0,
      last: undefined,
      poison: new Poison(),
    };
    this.retries.countRequest(request.requestedModel);
    try {
      await this.tryCandidates(route);
    } finally {
      route.poison.acquit();
    }
  }

  private async tryCandidates<Continuation>(route: Route<Continuation>): Promise<void> {
    const { request } = route;
    let continuation: Continuation | undefined;
    for (;;) {
      const reservation = this.reserveNow(route) ?? (await this.reserve(route));
      const progressBefore = request.progress();
      const error = await this.attempt(route, reservation, continuation);
      if (!error) return;
      const { candidate } = reservation;
      if (route.rounds.noteFailure(candidate, error, request.progress() > progressBefore)) route.attempts++;
      const { isOver } = route.rounds;
      const next = this.decide(route, error, isOver);
      if (!next) throw error;
      if (next.waitMs > 0) await sleep(this.clock, next.waitMs, request.cancellation);
      if (isOver) route.rounds.restart(candidate);
      continuation = next.continuation;
    }
  }

  /** The attempt that follows the error, if any. The retry budget is charged last, when all else allows it. */
  private decide<Continuation>(
    { request, rounds, attempts, deadlineAt, poison }: Route<Continuation>,
    error: UpstreamError,
    isRoundOver: boolean,
  ): NextAttempt<Continuation> | undefined {
    if (poison.isFound || rounds.remaining.length === 0 || !this.retries.isAllowed(error, attempts)) return undefined;
    const waitMs = isRoundOver ? this.retries.waitMs(error, attempts) : 0;
    if (waitMs === undefined || this.clock.now() + waitMs >= deadlineAt) return undefined;
    const continuation = request.hasBegun() ? request.continuation() : undefined;
    if (request.hasBegun() && continuation === undefined) return undefined;
    if (!this.retries.charge(request.requestedModel, error, rounds.hasAvailable)) return undefined;
    return { waitMs, continuation };
  }

  /** Resolves with the upstream's error, if it failed. */
  private async attempt<Continuation>(
    route: Route<Continuation>,
    reservation: Reservation,
    continuation: Continuation | undefined,
  ): Promise<UpstreamError | undefined> {
    const { request, deadlineAt, poison } = route;
    const { candidate, slot } = reservation;
    const { state, config } = candidate.upstream;
    const kind = kindOf(candidate, route.last, request.hasBegun());
    route.last = candidate;
    const answersBefore = state.answerCount;
    let outcome = 'ok';
    let isAnswered = false;
    const answered = (): void => {
      if (isAnswered) return;
      state.answered(slot);
      poison.acquit();
      isAnswered = true;
    };
    const attempt: Attempt<Continuation> = { candidate, kind, reservation, continuation, deadlineAt, answered };
    try {
      await request.attempt(attempt);
      state.succeeded(slot);
      return undefined;
    } catch (thrown) {
      outcome = request.cancellation.isCancelled ? 'client_gone' : String(toApiError(thrown).status);
      // A client's disconnect is no evidence about the upstream.
      if (!(thrown instanceof UpstreamError) || request.cancellation.isCancelled) throw thrown;
      if (thrown.isFailure) {
        const blame = (): void => state.failed(slot, thrown.phase === 'not_sent');
        // A trial's verdict cannot wait for other attempts.
        if (slot.isTrial) blame();
        else {
          // Poison kills an engine at once: not after a token, nor while other requests are answered.
          const isInnocent = request.progress() > 0 || state.answerCount > answersBefore;
          poison.note(thrown, config.name, isInnocent, blame);
        }
      }
      if (thrown.status === 429) state.rateLimits.refused(candidate.upstreamModel, slot, thrown.retryAfterMs);
      return thrown.redacted(this.registry.redaction);
    } finally {
      this.metrics.attempts.inc({ upstream: config.name, kind, outcome });
      reservation.release();
    }
  }

  /** A slot on the best candidate, if one is free and no queued request wants it. */
  private reserveNow(route: Route<unknown>): Reservation | undefined {
    const chosen = this.choose(route);
    if (!chosen) return undefined;
    const { slots } = chosen.upstream.state;
    if (this.queue.length > 0) while (slots.isFree && this.queue.wake(nameOf(chosen)));
    return slots.isFree ? new Reservation(chosen) : undefined;
  }

  /** The same, and waits for one while all are full. */
  private async reserve(route: Route<unknown>): Promise<Reservation> {
    const { requestedModel, cancellation } = route.request;
    for (;;) {
      const chosen = this.choose(route);
      if (!chosen) {
        return this.queue.wait(requestedModel, route.rounds.names, () => this.reserveQueued(route), cancellation);
      }
      const { slots } = chosen.upstream.state;
      if (slots.isFree) return new Reservation(chosen);
      // Another process may have one to give.
      await slots.ask();
    }
  }

  /** For a queued request: the answer to what is asked here wakes it. */
  private reserveQueued(route: Route<unknown>): Reservation | undefined {
    const chosen = this.choose(route);
    if (!chosen) return undefined;
    const { slots } = chosen.upstream.state;
    if (slots.isFree) return new Reservation(chosen);
    void slots.ask();
    return undefined;
  }

  private choose(route: Route<unknown>): EligibleCandidate | undefined {
    const { upstreams } = this.registry;
    if (route.upstreams !== upstreams) {
      route.upstreams = upstreams;
      route.rounds.replace(this.eligibleFor(route.request));
    }
    return route.rounds.choose();
  }

  private eligibleFor(request: RoutedRequest<unknown>): EligibleCandidate[] {
    return this.candidatesFor(request.requestedModel)
      .map((candidate) => request.qualify(candidate))
      .filter((candidate) => candidate !== undefined);
  }

  private wakeQueueOn({ config, state }: Upstream): void {
    const { slots } = state;
    slots.onChange = () => {
      if (!this.queue.isWaitedFor(config.name)) return;
      this.queue.wake(config.name);
      // The next in the queue wants one as well.
      if (!slots.isFree && this.queue.isWaitedFor(config.name)) void slots.ask();
    };
  }
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
