import type { Caller } from '../auth/caller.js';
import type { Cancellation } from '../common/cancellation.js';
import type { Clock } from '../common/clock.js';
import type { Random } from '../common/random.js';
import type { Exchange } from '../observability/exchange.js';
import type { Attempt } from '../routing/routed-request.js';
import type { UpstreamAnswer } from '../upstreams/upstream.js';
import { type NewRequest, tokenCounter } from './features/stream-usage.js';
import type { Part } from './plan/plan.js';
import { refusalIn } from './answer/unwanted-answer.js';
import { idHeaders, uniqueId, UpstreamRequestIds } from './upstream-request-ids.js';

/** The attempt that a part belongs to. */
export interface SendingAttempt extends Pick<Attempt<unknown>, 'candidate' | 'deadlineAt'> {
  /** Requests sent for it so far. */
  requestCount: number;
}

/** Whom upstream requests are sent for. */
interface Requester {
  caller: Caller;
  exchange: Exchange;
}

/** Sends the upstream requests of one client request, each with an id of its own. */
export class PartSender {
  private readonly ids: UpstreamRequestIds;

  constructor(
    private readonly request: Requester,
    private readonly clock: Clock,
    random: Random,
  ) {
    this.ids = new UpstreamRequestIds(request.exchange.id, random);
  }

  /** What all of its ids begin with. */
  get idPrefix(): string {
    return this.ids.prefix;
  }

  /** @throws {UpstreamError} also for an answer with an error status. */
  async send(part: Part, attempt: SendingAttempt, cancellation: Cancellation): Promise<UpstreamAnswer> {
    if (part.prepare) await part.prepare(this.tokenCounter(attempt, cancellation));
    const answer = await this.post(part, attempt, cancellation);
    if (answer.status === 200) return answer;
    throw await refusalIn(answer, this.clock.now());
  }

  /** Counts tokens by the upstream's tokenizer. */
  tokenCounter(attempt: SendingAttempt, cancellation: Cancellation): (text: string) => Promise<number> {
    const { upstream, upstreamModel } = attempt.candidate;
    const newRequest = (): NewRequest => this.newRequest(attempt, this.nextIdSuffix(attempt));
    return tokenCounter(upstream, newRequest, upstreamModel, cancellation);
  }

  /** Not async: a function that awaits the answer would keep the body in memory until then. */
  private post(part: Part, attempt: SendingAttempt, cancellation: Cancellation): Promise<UpstreamAnswer> {
    const { path, isFromRoot = false } = part.dialect;
    const idSuffix = this.nextIdSuffix(attempt);
    const body = part.writeBody(idSuffix);
    part.writeBody = isWritten;
    const request = { ...this.newRequest(attempt, idSuffix), path, isFromRoot, body };
    return attempt.candidate.upstream.send(request, cancellation);
  }

  private nextIdSuffix(attempt: SendingAttempt): string {
    return this.ids.suffixOf(this.request.exchange.attemptCount, ++attempt.requestCount);
  }

  /** What every upstream request carries: an id derived from the client's, trace context, and the tenant. */
  private newRequest({ candidate, deadlineAt }: SendingAttempt, idSuffix: string): NewRequest {
    const headers = idHeaders(candidate.upstream.profile, uniqueId(this.request.exchange.id, idSuffix));
    const { traceparent, tracestate } = this.request.exchange;
    if (traceparent !== undefined) headers.traceparent = traceparent;
    if (tracestate !== undefined) headers.tracestate = tracestate;
    if (!candidate.upstream.config.forwardTenant) return { headers, deadlineAt };
    const { organization, project } = this.request.caller;
    if (organization !== undefined) headers['openai-organization'] = organization;
    if (project !== undefined) headers['openai-project'] = project;
    return { headers, deadlineAt };
  }
}

function isWritten(): never {
  throw new Error('a part is sent once; another attempt makes a plan of its own');
}
