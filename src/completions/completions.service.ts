import { Inject, Injectable } from '@nestjs/common';
import { type Caller, mayUse } from '../auth/caller.js';
import { toApiError } from '../errors/error-body.js';
import { modelNotFound } from '../errors/model-not-found.js';
import { type Candidate, Router } from '../routing/router.js';
import { recordError } from '../errors/record-error.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { EventStreamParser } from '../upstreams/event-stream.js';
import { readAll } from '../upstreams/read-all.js';
import { refusalOf } from '../upstreams/refusal.js';
import type { UpstreamAnswer } from '../upstreams/upstream.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { readCompletion } from './canonical.js';
import type { ClientConnection } from './client-connection.js';
import { toCompletionAnswer } from './completion-answer.js';
import { CompletionStream } from './completion-stream.js';
import type { CreateCompletionDto } from './create-completion.dto.js';
import { planRequest } from './plan.js';

/** An error's body is a sentence or two; more of it is not read. */
const MAX_ERROR_BYTES = 65_536;

/** Takes a validated request to the upstream that serves its model, and the answer back. */
@Injectable()
export class CompletionsService {
  constructor(
    private readonly router: Router,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws {ApiError} as long as nothing was sent to the caller; after that, an error ends the stream as an event. */
  async complete(body: CreateCompletionDto, caller: Caller, client: ClientConnection): Promise<void> {
    const { exchange } = client;
    exchange.model = body.model;
    exchange.stream = body.stream ?? false;
    const candidate = this.findCandidate(body.model, caller);
    exchange.upstream = candidate.upstream.config.name;

    const { organization, project } = caller;
    const request = planRequest(body, candidate, { requestId: exchange.id, organization, project });
    const answer = await candidate.upstream.send(request, client.signal);
    if (answer.status !== 200) {
      throw refusalOf(answer.status, answer.headers, await readAll(answer.body, MAX_ERROR_BYTES));
    }
    if (exchange.stream && !isEventStream(answer)) throw await notAStream(answer);
    if (exchange.stream) await this.relayStream(answer, body, client);
    else await this.relayJson(answer, body, client);
  }

  private findCandidate(model: string, caller: Caller): Candidate {
    const candidate = mayUse(caller, model) ? this.router.candidateFor(model) : undefined;
    if (candidate) return candidate;
    throw modelNotFound();
  }

  private async relayJson(answer: UpstreamAnswer, body: CreateCompletionDto, client: ClientConnection): Promise<void> {
    const { json, usage } = toCompletionAnswer(await readAll(answer.body), body.model);
    client.exchange.usage = usage;
    client.sendJson(json);
  }

  private async relayStream(
    answer: UpstreamAnswer,
    body: CreateCompletionDto,
    client: ClientConnection,
  ): Promise<void> {
    const includeUsage = body.stream_options?.include_usage ?? false;
    const stream = new CompletionStream({ requestedModel: body.model, includeUsage });
    try {
      await relayEvents(answer.body, stream, client);
    } catch (thrown) {
      // The caller has everything: how the upstream closes its side is no concern of theirs.
      if (stream.isDone) return;
      if (!client.hasBegun) throw thrown;
      const error = toApiError(thrown);
      recordError(client.exchange, error, this.logger);
      client.fail(error);
    } finally {
      client.exchange.usage = stream.usage;
    }
  }
}

function isEventStream({ headers }: UpstreamAnswer): boolean {
  return String(headers['content-type']).startsWith('text/event-stream');
}

/** Some engines answer a stream that they refuse with a plain 200, and say in its body what is wrong. */
async function notAStream(answer: UpstreamAnswer): Promise<UpstreamError> {
  readCompletion(await readAll(answer.body, MAX_ERROR_BYTES));
  return new UpstreamError('broken', `${String(answer.headers['content-type'])} for an answer to a streamed request`);
}

/** All events of one read go out as one write. */
async function relayEvents(
  body: AsyncIterable<Buffer>,
  stream: CompletionStream,
  client: ClientConnection,
): Promise<void> {
  const parser = new EventStreamParser();
  for await (const bytes of body) {
    await sendAccepted(parser.push(bytes), stream, client);
    // Reading on to the end of the upstream's answer keeps its connection for the next request.
    if (stream.isDone) client.end();
  }
  const last = parser.end();
  if (last !== undefined) await sendAccepted([last], stream, client);
  const owed = stream.end();
  if (owed !== '') await client.sendEvents(owed);
  client.end();
}

/** Sends what the events say, up to the one that cannot be used. */
async function sendAccepted(events: string[], stream: CompletionStream, client: ClientConnection): Promise<void> {
  let accepted = '';
  try {
    for (const data of events) accepted += stream.accept(data);
  } finally {
    if (accepted !== '') await client.sendEvents(accepted);
  }
}
