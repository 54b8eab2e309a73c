import type { StreamFraming } from '../../upstreams/stream-framing.js';
import type { UpstreamCompletion } from '../answer/upstream-completion.js';

/** A request for a completion in the names of the contract, without what is not given. */
export type SentBody = Record<string, unknown>;

/** Translates requests and answers, whole or streamed, to and from one endpoint of an engine. */
export interface Dialect {
  readonly path: string;
  /** The path is below the root of the server, not below `/v1`. */
  readonly isFromRoot?: true;
  /** Its answers are the contract's: unchanged ones are forwarded byte for byte. */
  readonly isContract?: true;
  /** A whole answer is streamed by the engine, and collected here. */
  readonly isCollected?: true;
  /** Fields stand within others: those that the parts of a request have in common cannot be written apart from the rest. */
  readonly isNested?: true;
  /** The engine gives up on some texts: their streams lack an end, and the engine is well. */
  readonly givesUp?: true;
  readonly framing: StreamFraming;
  /**
   * The body in the names of the endpoint. Unless it is nested, each field by itself gives its part of what all of them
   * give: those that the parts of a request have in common are written once. Undefined is not sent.
   */
  readonly write: (fields: SentBody) => object;
  /** What has to be known of the prompt before the request is sent. `count` asks the engine's tokenizer. */
  readonly prepare?: (fields: SentBody, count: (text: string) => Promise<number>) => Promise<void>;
  /**
   * A whole answer (`isWhole`), or a message of a stream, as a completion.
   *
   * @returns undefined for a message without content.
   * @throws {UpstreamError} when it is an error, or no completion.
   */
  readonly read: (json: string, isWhole: boolean) => UpstreamCompletion | undefined;
}
