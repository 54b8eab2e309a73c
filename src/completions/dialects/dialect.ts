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
  /** Fields are nested in others: those that the parts of a request have in common cannot be serialized apart. */
  readonly isNested?: true;
  /** The engine abandons some texts: a stream without its end is no sign of a fault. */
  readonly givesUp?: true;
  readonly framing: StreamFraming;
  /**
   * Translates fields to the endpoint's. Unless `isNested`, each is translated by itself, so that those that the parts of a
   * request have in common are serialized once. Undefined is not sent.
   */
  readonly write: (fields: SentBody) => object;
  /** Awaited before the request is sent. `count` asks the engine's tokenizer. */
  readonly prepare?: (fields: SentBody, count: (text: string) => Promise<number>) => Promise<void>;
  /**
   * A whole answer (`isWhole`), or a message of a stream, as a completion.
   *
   * @returns undefined for a message without content.
   * @throws {UpstreamError} when it is an error, or no completion.
   */
  readonly read: (json: string, isWhole: boolean) => UpstreamCompletion | undefined;
}
