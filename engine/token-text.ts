import { lengthInCodePoints } from '../src/common/code-points.js';
import { StopScanner } from '../src/common/stop-scanner.js';

/** Something about a token, placed in the text: `offset` counts characters (code points) from the text's begin. */
export interface Placed<T> {
  readonly value: T;
  readonly offset: number;
}

export interface Piece<T> {
  readonly text: string;
  readonly tokens: readonly Placed<T>[];
}

/**
 * Turns tokens into text that may be sent at once: whole characters only, and nothing that may belong to a stop string.
 *
 * Each token is released together with the first character that it has a part in; of a stop string and what follows,
 * neither text nor tokens ever are. A character that the last token leaves incomplete is dropped, so that a shorter
 * completion is always the begin of a longer one.
 */
export class TokenText<T> {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #scanner: StopScanner;
  #pending: Placed<T>[] = [];
  #decodedLength = 0;
  #releasedLength = 0;

  constructor(stops: readonly string[]) {
    this.#scanner = new StopScanner(stops);
  }

  push(value: T, bytes: Uint8Array): Piece<T> & { stopped: boolean } {
    this.#pending.push({ value, offset: this.#decodedLength });
    const characters = this.#decoder.decode(bytes, { stream: true });
    this.#decodedLength += lengthInCodePoints(characters);
    const { text, stopped } = this.#scanner.push(characters);
    return { ...this.#release(text), stopped };
  }

  /** What was held back, when no more tokens come and no stop string did. */
  finish(): Piece<T> {
    const { text, tokens } = this.#release(this.#scanner.finish());
    return { text, tokens: [...tokens, ...this.#pending.splice(0)] };
  }

  #release(text: string): Piece<T> {
    this.#releasedLength += lengthInCodePoints(text);
    const firstHeld = this.#pending.findIndex(({ offset }) => offset >= this.#releasedLength);
    const tokens = this.#pending.splice(0, firstHeld < 0 ? this.#pending.length : firstHeld);
    return { text, tokens };
  }
}
