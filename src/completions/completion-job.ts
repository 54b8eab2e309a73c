import type { Caller } from '../auth/caller.js';
import type { Candidate } from '../routing/candidate.js';
import type { Job } from '../routing/router.js';
import { readAll, readStart } from '../upstreams/read-all.js';
import { refusalOf } from '../upstreams/refusal.js';
import type { UpstreamAnswer } from '../upstreams/upstream.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { readCompletion } from './canonical.js';
import type { ClientConnection } from './client-connection.js';
import { toCompletionAnswer } from './completion-answer.js';
import { CompletionStream } from './completion-stream.js';
import type { CreateCompletionDto } from './create-completion.dto.js';
import { hasExtras, planRequest, takesExtras } from './plan.js';
import { choiceCountOf, echoedPromptOf } from './prompts.js';
import { relayEvents } from './relay-events.js';
import { type Resumption, resumptionOf } from './resume.js';
import { ResumedChunks } from './resumed-chunks.js';
import { StreamProgress } from './stream-progress.js';

/** An error's body is a sentence or two, and sometimes the whole request besides; more of it is not read. */
const MAX_ERROR_BYTES = 1_048_576;

/** One completion of a caller: what each attempt sends and what the caller gets of it, over all attempts. */
export class CompletionJob implements Job {
  readonly requestedModel: string;
  readonly signal: AbortSignal;
  private readonly stream: StreamProgress;
  /** Asked once: a body may have very many, and the router asks for each candidate. */
  private readonly hasExtras: boolean;
  private resumption: Resumption | undefined;

  constructor(
    private readonly body: CreateCompletionDto,
    private readonly caller: Caller,
    private readonly client: ClientConnection,
    private readonly mayResume: boolean,
  ) {
    this.requestedModel = body.model;
    this.signal = client.signal;
    this.hasExtras = hasExtras(body);
    this.stream = new StreamProgress(choiceCountOf(body), (index) => echoedPromptOf(body, index));
  }

  /** Whether the candidate takes the fields that the contract does not list, if there are any. */
  accepts(candidate: Candidate): boolean {
    return !this.hasExtras || takesExtras(candidate);
  }

  hasBegun(): boolean {
    return this.stream.chunkCount > 0;
  }

  progress(): number {
    return this.stream.tokenCount;
  }

  /** Nothing delivered: from the beginning. Otherwise from where the caller's stream broke off, if that can be. */
  prepareToGoOn(): boolean {
    if (!this.hasBegun()) return true;
    this.resumption = this.mayResume ? resumptionOf(this.body, this.stream) : undefined;
    return this.resumption !== undefined;
  }

  async attempt(candidate: Candidate, deadlineAt: number, answered: () => void): Promise<void> {
    const { exchange } = this.client;
    exchange.upstream = candidate.upstream.config.name;
    exchange.attemptCount++;
    const { organization, project } = this.caller;
    const context = { requestId: exchange.id, organization, project, deadlineAt };
    const request = planRequest(this.resumption?.body ?? this.body, candidate, context);
    const answer = await candidate.upstream.send(request, this.signal);
    if (answer.status !== 200) {
      throw refusalOf(answer.status, answer.headers, await readStart(answer.body, MAX_ERROR_BYTES), this.client.now);
    }
    if (this.resumption) exchange.resumeCount++;
    if (exchange.stream) await this.relayStream(answer, answered);
    else await this.relayJson(answer, answered);
  }

  private async relayJson(answer: UpstreamAnswer, answered: () => void): Promise<void> {
    const { json, usage } = toCompletionAnswer(await readAll(answer.body), this.requestedModel);
    answered();
    this.client.exchange.usage = usage;
    this.client.sendJson(json);
  }

  private async relayStream(answer: UpstreamAnswer, answered: () => void): Promise<void> {
    if (!isEventStream(answer)) throw await notAStream(answer);
    const options: { include_usage?: unknown; continuous_usage_stats?: unknown } = this.body.stream_options ?? {};
    const resumed = this.resumption && new ResumedChunks(this.resumption, this.stream);
    const expected = {
      requestedModel: this.requestedModel,
      includeUsage: options.include_usage === true,
      continuousUsage: options.continuous_usage_stats === true,
    };
    const stream = new CompletionStream(expected, this.stream, resumed);
    try {
      await relayEvents(answer.body, stream, this.client, answered);
    } catch (thrown) {
      // The caller has everything: how the upstream closes its side is no concern of theirs.
      if (stream.isDone) return;
      if (!stream.lacksOnlyDone || this.signal.aborted) throw thrown;
      await this.client.sendEvents(stream.end());
      this.client.end();
    } finally {
      this.client.exchange.usage = stream.usage;
    }
  }
}

function isEventStream({ headers }: UpstreamAnswer): boolean {
  return String(headers['content-type']).startsWith('text/event-stream');
}

/** Some engines answer a stream that they refuse with a plain 200, and say in its body what is wrong. */
async function notAStream(answer: UpstreamAnswer): Promise<UpstreamError> {
  readCompletion(await readStart(answer.body, MAX_ERROR_BYTES));
  return new UpstreamError('answered', `${String(answer.headers['content-type'])} for an answer to a streamed request`);
}
