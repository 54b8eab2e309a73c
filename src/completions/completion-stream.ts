import { isUsage, type Usage } from '../telemetry/usage.js';
import { DONE, formatEvent } from '../upstreams/event-stream.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { readCompletion } from './canonical.js';

export interface StreamExpectation {
  requestedModel: string;
  /** Whether the caller asked for a last chunk with the usage. */
  includeUsage: boolean;
}

/**
 * What one upstream stream says, event by event, as the caller's stream: the requested model's name on every chunk, and
 * usage only for those who asked. An event that needs no change is passed on as it came.
 */
export class CompletionStream {
  usage: Usage | undefined;
  private readonly open = new Set<number>();
  private hasChoices = false;
  private hasDone = false;

  constructor(private readonly expected: StreamExpectation) {}

  /** Whether the caller has all. */
  get isDone(): boolean {
    return this.hasDone;
  }

  /**
   * The events for the caller that follow from one of the upstream: none or one.
   *
   * @throws {UpstreamError} when it is an error, or no completion chunk.
   */
  accept(data: string): string {
    if (this.hasDone) return '';
    if (data === DONE) return this.finish();
    const chunk = readCompletion(data);
    if (!chunk) return '';
    for (const { index, finish_reason } of chunk.choices) {
      this.hasChoices = true;
      if (finish_reason) this.open.delete(index);
      else this.open.add(index);
    }
    if (isUsage(chunk.usage)) this.usage = chunk.usage;

    const hidesUsage = chunk.usage !== undefined && !this.expected.includeUsage;
    if (hidesUsage && chunk.choices.length === 0) return '';
    if (!hidesUsage && chunk.model === this.expected.requestedModel) return formatEvent(data);
    if (hidesUsage) delete chunk.usage;
    return formatEvent(JSON.stringify({ ...chunk, model: this.expected.requestedModel }));
  }

  /**
   * What is still owed when the upstream's stream has ended.
   *
   * @throws {UpstreamError} when it ended without `[DONE]` and a choice has no finish: nobody should take that for a
   *   whole answer.
   */
  end(): string {
    if (this.hasDone) return '';
    if (!this.hasChoices || this.open.size > 0) throw new UpstreamError('broken', 'the stream ended before its end');
    return this.finish();
  }

  private finish(): string {
    this.hasDone = true;
    return formatEvent(DONE);
  }
}
