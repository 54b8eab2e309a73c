import { EventStreamParser } from './event-stream.js';
import { JsonLinesParser } from './json-lines.js';

/** Splits a byte stream into messages, independent of chunk boundaries. */
export interface StreamParser {
  /**
   * The messages that `piece` completes.
   *
   * @throws {UpstreamError} when a message does not end.
   */
  push(piece: Buffer): string[];
  /** A last message that lacks its end. */
  end(): string | undefined;
}

/** How the messages of a stream are delimited. */
export interface StreamFraming {
  readonly contentType: RegExp;
  newParser(): StreamParser;
}

export const serverSentEvents: StreamFraming = {
  contentType: /^text\/event-stream\b/i,
  newParser: () => new EventStreamParser(),
};

export const jsonLines: StreamFraming = {
  contentType: /^application\/x-ndjson\b/i,
  newParser: () => new JsonLinesParser(),
};
