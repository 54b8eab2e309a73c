import { UpstreamError } from '../../upstreams/upstream-error.js';
import type { UpstreamCompletion } from '../answer/upstream-completion.js';

/** UTF-16 units. Engines send a few hundred before the first choice. */
const MAX_LENGTH = 1_048_576;

/**
 * Chunks without choices that come before the first with some. They wait for it: a stream that has not begun may still fall
 * back to another upstream, and its chunks have one id.
 */
export class EarlyChunks {
  private chunks: UpstreamCompletion[] = [];
  private length = 0;

  get isEmpty(): boolean {
    return this.chunks.length === 0;
  }

  /** @throws {UpstreamError} when there are more than any engine sends. */
  add(chunk: UpstreamCompletion, length: number): void {
    this.length += length;
    if (this.length > MAX_LENGTH)
      throw new UpstreamError('answered', `more than ${MAX_LENGTH} characters before the first choice`);
    this.chunks.push(chunk);
  }

  take(): UpstreamCompletion[] {
    const { chunks } = this;
    this.chunks = [];
    return chunks;
  }
}
