import type { ApiError } from '../errors/api-error.js';

/** Where an answer goes: to a client's connection, into a cache that records it, or to a test. */
export interface AnswerSink {
  /** The whole answer. */
  sendJson(json: string): void;
  /**
   * Events of a stream, each ended by a blank line.
   *
   * @returns undefined while the sink keeps up; else a promise that resolves when it takes more: whoever waits for it
   *   before reading on slows the upstream down to the client's pace.
   * @throws {ClientGoneError}
   */
  sendEvents(events: string): Promise<void> | undefined;
  /** Ends a stream when the sink has taken all of it. */
  end(): void;
  /** Ends a stream that has begun with an error event, and without `[DONE]`. */
  fail(error: ApiError): void;
}
