import { readCompletion, type UpstreamCompletion } from '../canonical.js';

/** A request for a completion in the names of the contract, without what is not given. */
export type SentBody = Record<string, unknown>;

/** How one endpoint of an engine is asked for a completion, and how it tells one. */
export interface Dialect {
  readonly path: string;
  /** The path is below the root of the server, not below `/v1`. */
  readonly isFromRoot?: boolean;
  /** What is asked for as a whole is streamed by the engine, and collected here. */
  readonly isCollected?: true;
  /** Names each field by itself: some of the fields give their part of what all of them give. Undefined is not sent. */
  write(fields: SentBody): object;
  /**
   * A whole answer, or a chunk of a stream, as a completion.
   *
   * @returns undefined for what tells nothing.
   * @throws {UpstreamError} when it is an error, or no completion.
   */
  read(json: string): UpstreamCompletion | undefined;
}

/** The endpoint that the gateway itself has. */
export const completionsDialect: Dialect = {
  path: '/completions',
  write: (fields) => fields,
  read: readCompletion,
};

/** The same, for an engine whose streams are better than its whole answers. */
export const collectedDialect: Dialect = { ...completionsDialect, isCollected: true };
