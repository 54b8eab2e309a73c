import { isUsage, type Usage } from '../telemetry/usage.js';
import { DONE, formatEvent } from '../upstreams/event-stream.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { readCompletion, type UpstreamCompletion } from './canonical.js';
import type { ResumedChunks } from './resumed-chunks.js';
import type { StreamProgress } from './stream-progress.js';

export interface StreamExpectation {
  requestedModel: string;
  /** Whether the caller asked for a last chunk with the usage. */
  includeUsage: boolean;
  /** Whether the caller asked for the counts on each chunk, as vLLM gives them with `continuous_usage_stats`. */
  continuousUsage: boolean;
}

/**
 * What one upstream says, event by event, as the caller's stream: the requested model's name on every chunk, and usage
 * only for those who asked. An event that needs no change is passed on as it came.
 */
export class CompletionStream {
  usage: Usage | undefined;
  private hasDone = false;
  private hasSentUsage = false;

  constructor(
    private readonly expected: StreamExpectation,
    private readonly progress: StreamProgress,
    /** Fits the chunks of a resumed stream to what the caller has already. */
    private readonly resumed?: ResumedChunks,
  ) {}

  /** Whether the caller has all. */
  get isDone(): boolean {
    return this.hasDone;
  }

  /** Whether every choice has finished, and the usage has come if it was asked for. */
  get lacksOnlyDone(): boolean {
    return !this.hasDone && this.progress.isWhole && (this.usage !== undefined || !this.expected.includeUsage);
  }

  /**
   * The events for the caller that follow from one of the upstream.
   *
   * @throws {UpstreamError} when it is an error, or no completion chunk.
   */
  accept(data: string): string {
    if (this.hasDone) return '';
    if (data === DONE) return this.finish();
    const chunk = readCompletion(data);
    if (!chunk) return '';
    const isUsageChunk = chunk.choices.length === 0;
    const isFitted = this.resumed?.fit(chunk) ?? false;
    this.progress.add(chunk);
    if (isUsage(chunk.usage)) this.usage = chunk.usage;
    if (chunk.choices.length === 0) return isUsageChunk ? this.writeUsage(chunk) : '';

    const hidesUsage = chunk.usage !== undefined && !this.keepsUsage(chunk);
    const isAsItCame = !hidesUsage && !isFitted && chunk.model === this.expected.requestedModel;
    if (isAsItCame) return formatEvent(data);
    const { usage, ...others } = chunk;
    return this.write(hidesUsage ? others : { ...others, usage });
  }

  /**
   * What is still owed when the upstream's stream has ended.
   *
   * @throws {UpstreamError} when it ended without `[DONE]` and a choice has no finish: nobody should take that for a
   *   whole answer.
   */
  end(): string {
    if (this.hasDone) return '';
    if (!this.progress.isWhole) throw new UpstreamError('broken', 'the stream ended before its end');
    return this.finish();
  }

  /** Null on the way is OpenAI's own; counts on the way are for those who asked for them on each chunk. */
  private keepsUsage({ usage }: UpstreamCompletion): boolean {
    return this.expected.includeUsage && (usage === null || this.expected.continuousUsage);
  }

  /** The one chunk that has the usage, and no choices. */
  private writeUsage(chunk: UpstreamCompletion): string {
    if (!this.expected.includeUsage || this.hasSentUsage || !isUsage(chunk.usage)) return '';
    this.hasSentUsage = true;
    return this.write(chunk);
  }

  private write(chunk: UpstreamCompletion): string {
    return formatEvent(JSON.stringify({ ...chunk, model: this.expected.requestedModel }));
  }

  /** Some engines have the usage on the last choice's chunk; its own chunk is then made here. */
  private finish(): string {
    this.hasDone = true;
    const isOwed = this.expected.includeUsage && this.usage !== undefined && !this.hasSentUsage;
    const head = { ...this.progress.identity, object: 'text_completion' };
    const owed = isOwed ? this.write({ ...head, choices: [], usage: this.usage }) : '';
    return owed + formatEvent(DONE);
  }
}
