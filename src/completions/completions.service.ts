import { Inject, Injectable } from '@nestjs/common';
import { type Caller, mayUse } from '../auth/caller.js';
import { GatewayConfig } from '../config/config.js';
import { toApiError } from '../errors/error-body.js';
import { modelNotFound } from '../errors/model-not-found.js';
import { recordError } from '../errors/record-error.js';
import type { EligibleCandidate } from '../routing/candidate.js';
import { Limiter } from '../limits/limiter.js';
import type { Outcome, Reservation } from '../limits/reservation.js';
import { Router } from '../routing/router.js';
import type { Exchange } from '../observability/exchange.js';
import { Metrics } from '../observability/metrics.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { RANDOM, type Random } from '../common/random.js';
import { AnswerMemory } from './answer-memory.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';
import type { ClientConnection } from '../http/client-connection.js';
import { CompletionJob } from './completion-job.js';
import type { RequestBody } from '../http/request-body.js';

/** Takes a validated request to the upstreams that serve its model, and the answer back. */
@Injectable()
export class CompletionsService {
  constructor(
    private readonly config: GatewayConfig,
    private readonly router: Router,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly memory: AnswerMemory,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
    private readonly metrics: Metrics,
    private readonly limiter: Limiter,
  ) {}

  /** @throws {ApiError} as long as nothing was sent to the client; after that, an error ends the stream as an event. */
  async complete(body: RequestBody, caller: Caller, client: ClientConnection): Promise<void> {
    let job: CompletionJob | undefined;
    let maxTokens = 0;
    let reservation: Reservation | undefined;
    let outcome: Outcome = 'failed';
    const { exchange, cancellation } = client;
    try {
      const request = { body, caller, exchange, cancellation };
      job = new CompletionJob(request, client, this.config.routing, this.memory, this.clock, this.random);
      const candidates = this.prepare(job, caller, client);
      const reserving = this.limiter.reserve(caller, body.value as CreateCompletionDto, exchange);
      if (reserving) {
        reservation = reserving instanceof Promise ? await reserving : reserving;
        client.setHeaders(reservation.headers);
      }
      if (job.isStream && this.config.server.heartbeat === 'early') client.begin();
      maxTokens = job.maxTokens;
      this.metrics.tokensInFlight.inc(maxTokens);
      const running = this.router.run(job, candidates);
      // While it waits for a slot or an answer, bytes take less memory than what was parsed.
      body.fold();
      await running;
      outcome = 'answered';
    } catch (thrown) {
      if (!client.hasBegun || cancellation.isCancelled) throw thrown;
      const error = toApiError(thrown);
      recordError(exchange, error, this.logger);
      client.fail(error);
    } finally {
      this.metrics.tokensInFlight.dec(maxTokens);
      if (outcome === 'failed' && cancellation.isCancelled) outcome = 'aborted';
      if (job && exchange.attemptCount > 0 && !exchange.usage) this.estimateUsage(job, body, outcome, exchange);
      reservation?.settle(exchange, outcome);
      job?.close();
      body.release();
    }
  }

  /**
   * @returns the candidates that support the request.
   * @throws {ApiError} 404 when no upstream serves the model for this client, 400 or 422 when none supports the request.
   */
  private prepare(job: CompletionJob, caller: Caller, client: ClientConnection): EligibleCandidate[] {
    const { exchange } = client;
    const { requestedModel } = job;
    exchange.model = requestedModel;
    exchange.stream = job.isStream;
    exchange.user = job.user;
    const candidates = mayUse(caller, requestedModel) ? this.router.candidatesFor(requestedModel) : [];
    const [first] = candidates;
    if (!first) throw modelNotFound();
    const eligible = candidates.map((each) => job.qualify(each)).filter((each) => each !== undefined);
    if (eligible.length === 0) throw job.refusalBy(first);
    if (this.router.isListed(requestedModel)) exchange.modelLabel = requestedModel;
    return eligible;
  }

  /** Estimates what an answer without usage has used. A failure before the first token has used nothing. */
  private estimateUsage(job: CompletionJob, body: RequestBody, outcome: Outcome, exchange: Exchange): void {
    const delivered = job.progress();
    if (outcome === 'failed' && delivered === 0) return;
    // Only the upstream knows how long an answer is that was not streamed.
    const completion_tokens = outcome === 'answered' && !job.isStream ? job.maxTokens : delivered;
    const prompt_tokens = this.limiter.promptTokensOf(body.value as CreateCompletionDto);
    exchange.estimatedUsage = { prompt_tokens, completion_tokens };
  }
}
