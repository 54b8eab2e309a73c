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
}

/**
 * What one upstream says, event by event, as the caller's stream: the requested model's name on every chunk, and usage
 * only for those who asked. An event that needs no change is passed on as it came.
 */
export class CompletionStream {
  usage: Usage | undefined;
  private hasDone = false;

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
    const isFitted = this.resumed?.fit(chunk) ?? false;
    this.progress.add(chunk);
    if (isUsage(chunk.usage)) this.usage = chunk.usage;

    const hidesUsage = chunk.usage !== undefined && !this.expected.includeUsage;
    if (chunk.choices.length === 0 && (hidesUsage || chunk.usage === undefined)) return '';
    const isAsItCame = !hidesUsage && !isFitted && chunk.model === this.expected.requestedModel;
    return isAsItCame ? formatEvent(data) : this.write(chunk, hidesUsage);
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

  private write(chunk: UpstreamCompletion, hidesUsage: boolean): string {
    if (hidesUsage) delete chunk.usage;
    return formatEvent(JSON.stringify({ ...chunk, model: this.expected.requestedModel }));
  }

  private finish(): string {
    this.hasDone = true;
    return formatEvent(DONE);
  }
}
