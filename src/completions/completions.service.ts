import { Inject, Injectable } from '@nestjs/common';
import { type Caller, mayUse } from '../auth/caller.js';
import { GatewayConfig } from '../config/config.js';
import { toApiError } from '../errors/error-body.js';
import { modelNotFound } from '../errors/model-not-found.js';
import { recordError } from '../errors/record-error.js';
import { Router } from '../routing/router.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { RANDOM, type Random } from '../telemetry/random.js';
import type { ClientConnection } from './client-connection.js';
import { CompletionJob } from './completion-job.js';
import type { CreateCompletionDto } from './create-completion.dto.js';

/** Takes a validated request to the upstreams that serve its model, and the answer back. */
@Injectable()
export class CompletionsService {
  constructor(
    private readonly config: GatewayConfig,
    private readonly router: Router,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  /** @throws {ApiError} as long as nothing was sent to the caller; after that, an error ends the stream as an event. */
  async complete(body: CreateCompletionDto, caller: Caller, client: ClientConnection): Promise<void> {
    const { exchange } = client;
    exchange.model = body.model;
    exchange.stream = body.stream ?? false;
    const job = new CompletionJob(body, caller, client, this.config.routing, this.random);
    this.checkServed(job, body, caller);
    if (this.router.isListed(body.model)) exchange.modelLabel = body.model;
    if (exchange.stream && this.config.server.heartbeat === 'early') client.begin();
    try {
      await this.router.run(job);
    } catch (thrown) {
      if (!client.hasBegun || client.cancellation.isCancelled) throw thrown;
      const error = toApiError(thrown);
      recordError(exchange, error, this.logger);
      client.fail(error);
    }
  }

  /** @throws {ApiError} 404 when nobody serves the model for this caller, 400 or 422 when nobody can do all that it asks. */
  private checkServed(job: CompletionJob, body: CreateCompletionDto, caller: Caller): void {
    const candidates = mayUse(caller, body.model) ? this.router.candidatesFor(body.model) : [];
    const [first] = candidates;
    if (!first) throw modelNotFound();
    if (!candidates.some((candidate) => job.accepts(candidate))) throw job.refusalBy(first);
  }
}
