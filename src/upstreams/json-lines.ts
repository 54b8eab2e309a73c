import { GrowingBytes } from '../common/growing-bytes.js';
import { UpstreamError } from './upstream-error.js';

/** A line of this size without an end is no completion chunk. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

const LF = 10;

/** Reads newline-delimited JSON as it comes: each line is a message, empty ones left out. See https://github.com/ndjson/ndjson-spec. */
export class JsonLinesParser {
  /** The line that has no end yet. */
  private readonly rest = new GrowingBytes();

  /** @throws {UpstreamError} when a line does not end. */
  push(chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(LF) + 1;
    const lines = end > 0 ? linesIn(this.rest.takeText(chunk, end)) : [];
    if (end < chunk.length) this.rest.append(chunk.subarray(end));
    if (this.rest.length > MAX_LINE_BYTES)
      throw new UpstreamError('broken', `a line is longer than ${MAX_LINE_BYTES} bytes`);
    return lines;
  }

  /** A last line that lacks its end. */
  end(): string | undefined {
    return linesIn(this.rest.take().toString())[0];
  }
}

function linesIn(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
