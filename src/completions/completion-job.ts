import type { Caller } from '../auth/caller.js';
import type { ByteShare } from '../common/byte-budget.js';
import type { RoutingConfig } from '../config/config.js';
import type { ApiError } from '../errors/api-error.js';
import { toApiError } from '../errors/error-body.js';
import type { Trace } from '../observability/tracing/trace.js';
import type { Candidate, EligibleCandidate } from '../routing/candidate.js';
import type { Attempt, RoutedRequest } from '../routing/routed-request.js';
import type { Cancellation } from '../common/cancellation.js';
import type { Random } from '../common/random.js';
import { reading } from '../upstreams/unreadable-answer.js';
import { type AnswerMemory, takeForAnswer } from './answer-memory.js';
import type { AnswerSink } from '../http/answer-sink.js';
import type { Exchange } from '../observability/exchange.js';
import type { Clock } from '../common/clock.js';
import { type PartAnswer, toCompletionAnswer } from './answer/completion-answer.js';
import { readWhole } from './answer/collected-stream.js';
import { CompletionStream } from './stream/completion-stream.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';
import { featuresIn, judge, type Verdict } from './plan/verdict.js';
import type { Feature } from './features/feature.js';
import { countedChoices, countUsage } from './features/stream-usage.js';
import { unsupported } from './plan/unsupported.js';
import { runParts } from './run-parts.js';
import { FanOut, type FanOutLimits } from './plan/fan-out.js';
import { PartReader } from './stream/part-reader.js';
import { Extras } from './plan/extras.js';
import { PartSender, type SendingAttempt } from './part-sender.js';
import { type Plan, planRequest } from './plan/plan.js';
import { choiceCountOf, DEFAULT_MAX_TOKENS, echoedPromptOf } from '../contract/prompts.js';
import { relayEvents } from './stream/relay-events.js';
import type { RequestBody } from '../http/request-body.js';
import type { Resumption } from './stream/resume.js';
import { ResumedChunks } from './stream/resumed-chunks.js';
import { StreamProgress } from './stream/stream-progress.js';
import { type Continuation, mayHaveToResume, StreamResumes } from './stream/stream-resumes.js';
import type { TokenTrails } from './stream/token-trails.js';
import { isStream, notAStream, orContextExceeded } from './answer/unwanted-answer.js';

/** An attempt under way. */
interface RunningAttempt extends Attempt<Resumption>, SendingAttempt {
  plan: Plan;
  trails: TokenTrails | undefined;
  readers: PartReader[];
}

/** A client's request, and what is recorded of it. */
export interface JobRequest {
  body: RequestBody;
  caller: Caller;
  exchange: Exchange;
  /** Cancelled when the client disconnects. */
  cancellation: Cancellation;
}

/** One completion for a client: what each attempt sends and what the client gets of it, over all attempts. */
export class CompletionJob implements RoutedRequest<Continuation> {
  readonly requestedModel: string;
  readonly isStream: boolean;
  readonly user: string | undefined;
  readonly cancellation: Cancellation;
  /** Milliseconds since the epoch. */
  private readonly startedAt: number;
  private readonly stream: StreamProgress;
  /** What is kept of the delivered texts. */
  private readonly texts: ByteShare | undefined;
  private readonly extras: Extras;
  private readonly resumes: StreamResumes;
  private readonly features: readonly Feature[];
  private readonly fanOut: FanOut;
  private readonly sender: PartSender;
  private readonly choiceCount: number;
  private readonly streamOptions: { includeUsage: boolean; continuousUsage: boolean };

  constructor(
    private readonly request: JobRequest,
    private readonly sink: AnswerSink,
    private readonly limits: FanOutLimits & Pick<RoutingConfig, 'resume'>,
    private readonly memory: AnswerMemory,
    private readonly clock: Clock,
    random: Random,
  ) {
    const { asked } = this;
    const options: { include_usage?: unknown; continuous_usage_stats?: unknown } = asked.stream_options ?? {};
    this.requestedModel = asked.model;
    this.isStream = asked.stream ?? false;
    this.user = asked.user ?? undefined;
    this.streamOptions = {
      includeUsage: options.include_usage === true,
      continuousUsage: options.continuous_usage_stats === true,
    };
    this.cancellation = request.cancellation;
    this.startedAt = clock.now();
    this.extras = new Extras(asked);
    this.features = featuresIn(asked);
    this.fanOut = new FanOut(() => this.asked, this.features, limits);
    this.sender = new PartSender(request, clock, random);
    this.choiceCount = choiceCountOf(asked);
    this.texts = this.needsTexts(asked) ? memory.delivered.open() : undefined;
    const echoedOf = asked.echo ? (at: number) => echoedPromptOf(this.asked, at) : noEcho;
    this.stream = new StreamProgress(this.choiceCount, echoedOf, this.texts);
    this.resumes = new StreamResumes(() => this.asked, limits.resume, this.stream, this.texts);
  }

  /** Tokens that it may generate at most. */
  get maxTokens(): number {
    return this.choiceCount * (this.asked.max_tokens ?? DEFAULT_MAX_TOKENS);
  }

  /** Releases the kept texts. */
  close(): void {
    this.texts?.release();
  }

  /** A stream may have to be resumed, or its tokens counted. */
  private needsTexts(asked: CreateCompletionDto): boolean {
    if (!this.isStream) return false;
    return this.streamOptions.includeUsage || mayHaveToResume(asked, this.limits.resume);
  }

  /** The request as parsed. Do not keep it: the body may be folded to bytes again. */
  private get asked(): CreateCompletionDto {
    return this.request.body.value as CreateCompletionDto;
  }

  qualify(candidate: Candidate): EligibleCandidate | undefined {
    if (!this.extras.areAcceptedBy(candidate.upstream)) return undefined;
    const { refusal, isEmulated } = this.judge(candidate);
    if (refusal) return undefined;
    return { upstream: candidate.upstream, upstreamModel: candidate.upstreamModel, isNative: !isEmulated };
  }

  private judge(candidate: Candidate): Verdict {
    const verdict = judge(this.asked, this.features, candidate);
    const refusal = verdict.refusal ? undefined : this.fanOut.refusalBy(candidate);
    return refusal ? { refusal, isEmulated: false } : verdict;
  }

  /** The error when no candidate supports the request, `candidate` being one of them. */
  refusalBy(candidate: Candidate): ApiError {
    const { refusal } = this.judge(candidate);
    if (!refusal) return this.extras.refusalBy(candidate.upstream);
    return unsupported(refusal);
  }

  hasBegun(): boolean {
    return this.stream.hasBegun;
  }

  progress(): number {
    return this.stream.tokenCount;
  }

  canResumeOn(candidate: Candidate): boolean {
    return this.resumes.canResumeOn(candidate);
  }

  continuation(): Continuation | undefined {
    return this.resumes.continuation();
  }

  attempt(routed: Attempt<Continuation>): Promise<void> {
    const { candidate } = routed;
    const continuation = routed.continuation && this.resumes.resumptionAt(candidate, routed.continuation);
    const trails = this.isStream ? this.resumes.trailsFor(candidate) : undefined;
    const { exchange } = this.request;
    this.recordAttempt(candidate);
    const plan = continuation
      ? planRequest(continuation.body, candidate, undefined, trails !== undefined)
      : planRequest(this.asked, candidate, this.features, trails !== undefined);
    exchange.emulated = plan.emulated;
    this.resumes.begin(candidate, plan.holdsTextBack);
    const fallback = { id: `cmpl-${exchange.id}`, created: Math.floor(exchange.startedAt / 1000) };
    const readers = plan.parts.map((part) => new PartReader(part, fallback));
    const attempt: RunningAttempt = { ...routed, continuation, plan, readers, trails, requestCount: 0 };
    const needsBody = continuation !== undefined || plan.ranks || plan.countsUsage || readers.length > 1;
    if (needsBody || readers.some(({ isFitting }) => isFitting)) this.request.body.pin();
    const relayed = exchange.trace ? this.relayTraced(exchange.trace, attempt) : this.relay(attempt);
    this.request.body.fold();
    return relayed;
  }

  private recordAttempt({ upstream }: Candidate): void {
    const { exchange } = this.request;
    exchange.upstream = upstream.config.name;
    exchange.attemptCount++;
    exchange.attemptStartedAt = this.clock.now();
    // Before its first attempt a request waits for a slot. Less than a millisecond is no wait.
    const waitedMs = exchange.attemptStartedAt - this.startedAt;
    if (exchange.attemptCount === 1 && waitedMs >= 1) exchange.queueMs = waitedMs;
    exchange.upstreamIdPrefix = this.sender.idPrefix;
  }

  private relay(attempt: RunningAttempt): Promise<void> {
    return this.isStream ? this.relayStream(attempt) : this.relayJson(attempt);
  }

  /** In a span of its own, which the upstream gets as the parent. */
  private async relayTraced(trace: Trace, attempt: RunningAttempt): Promise<void> {
    const { exchange } = this.request;
    const { candidate, kind } = attempt;
    const { upstream, upstreamModel } = candidate;
    exchange.traceparent = trace.beginAttempt(upstream.config, upstreamModel, kind, exchange.attemptStartedAt);
    try {
      await this.relay(attempt);
      trace.endAttempt(this.clock.now());
    } catch (thrown) {
      trace.endAttempt(this.clock.now(), this.cancellation.isCancelled ? 'client_gone' : toApiError(thrown).code);
      throw thrown;
    }
  }

  private async relayJson(attempt: RunningAttempt): Promise<void> {
    const { reservation, plan, readers, answered } = attempt;
    const answers = readers.map((reader) => ({ reader, json: '' }));
    const spend = readers.length === 1 ? undefined : this.fanOut.answerBudget(plan.prependsPrompt);
    const share = this.memory.whole.open();
    const take = (bytes: number): void => takeForAnswer(share, bytes, spend);
    try {
      await runParts(answers, reservation, this.cancellation, async (answer, cancellation) => {
        const { part } = answer.reader;
        answer.json = await readWhole(await this.sender.send(part, attempt, cancellation), part.dialect, take);
      });
      const all = answers as [PartAnswer, ...PartAnswer[]];
      const ranked = plan.ranks ? this.asked : undefined;
      const { json, usage } = reading(() => toCompletionAnswer(all, this.requestedModel, ranked));
      answered();
      this.request.exchange.usage = usage;
      this.sink.sendJson(json);
    } finally {
      share.release();
    }
  }

  private async relayStream(attempt: RunningAttempt): Promise<void> {
    const { candidate, reservation, continuation, plan, readers, trails, answered } = attempt;
    const resumed = continuation && new ResumedChunks(continuation, this.stream);
    const expected = {
      requestedModel: this.requestedModel,
      ...this.streamOptions,
      countsUsage: plan.countsUsage,
      endsEarly: plan.endsEarly,
    };
    const stream = new CompletionStream(expected, this.stream, readers, resumed, trails);
    try {
      await runParts(readers, reservation, this.cancellation, async (reader, cancellation) => {
        const answer = await this.sender.send(reader.part, attempt, cancellation);
        if (continuation) this.request.exchange.resumeCount++;
        if (!isStream(answer, reader.part.dialect.framing)) throw await notAStream(answer);
        const relayed = relayEvents(answer.body, reader, stream, this.sink, answered);
        await (candidate.upstream.profile.refusesStreamsInSilence ? orContextExceeded(relayed, reader) : relayed);
      });
      if (plan.countsUsage) {
        const count = this.sender.tokenCounter(attempt, this.cancellation);
        const choices = countedChoices(this.asked, this.choiceCount, (index) => this.stream.choiceAt(index)?.text);
        await this.sink.sendEvents(stream.finish(choices && (await countUsage(choices, count))));
      }
    } catch (thrown) {
      // Once the client has everything, how the upstream closes its side does not matter.
      if (stream.state !== 'done') {
        const end = this.cancellation.isCancelled ? undefined : this.knownEndOf(stream);
        if (end === undefined) throw thrown;
        await this.sink.sendEvents(end);
      }
    } finally {
      this.request.exchange.usage = stream.usage;
    }
    this.sink.end();
  }

  /** The missing end of a broken stream, when it is known without another request. */
  private knownEndOf(stream: CompletionStream): string | undefined {
    if (stream.state === 'text done') return stream.finish();
    const known = this.resumes.knownEnd();
    return known && stream.finishAs(known);
  }
}

const noEcho = (): string => '';
