import { lengthInCodePoints } from '../src/common/code-points.js';
import { StopScanner } from '../src/common/stop-scanner.js';

/** A value at a position of the text: `offset` counts code points from the start of the text. */
export interface Placed<T> {
  readonly value: T;
  readonly offset: number;
}

export interface Piece<T> {
  readonly text: string;
  readonly tokens: readonly Placed<T>[];
  /** Tokens whose text is never sent, such as those of a stop string. */
  readonly dropped: readonly T[];
}

interface Pending<T> extends Placed<T> {
  /** Where its text ends; NaN: within a character. */
  readonly end: number;
}

/**
 * Turns tokens into text that may be sent at once: whole tokens, whole characters, and nothing that may belong to a stop
 * string.
 *
 * A token is released together with all of its text, so that the text sent so far is always that of the tokens so far: a
 * resume continues at the end of a token. Only the last piece, before a stop string, may end within a token, which is then
 * released as well; the other tokens of the stop string are dropped. A character that the last token leaves incomplete is
 * dropped, so that a shorter completion is always the start of a longer one.
 */
export class TokenText<T> {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  readonly #scanner: StopScanner;
  #pending: Pending<T>[] = [];
  /** The bytes of a character that is not complete yet. */
  #open: Uint8Array = NO_BYTES;
  #decodedLength = 0;
  /** Text that has passed the scanner and is not released yet. */
  #ready = '';
  #releasedLength = 0;

  /** `keepsStop`: a stop string is part of the text. */
  constructor(stops: readonly string[], keepsStop = false) {
    this.#scanner = new StopScanner(stops, keepsStop);
  }

  /** `tooEarly`: a stop string that this token completes does not count. */
  push(value: T, bytes: Uint8Array, tooEarly = false): Piece<T> & { stopped: boolean } {
    const offset = this.#decodedLength;
    const characters = this.#decoder.decode(bytes, { stream: true });
    this.#decodedLength += lengthInCodePoints(characters);
    this.#open = openCharacter(this.#open, bytes);
    this.#pending.push({ value, offset, end: this.#open.length === 0 ? this.#decodedLength : NaN });
    const { text, stopped } = this.#scanner.push(characters, tooEarly);
    this.#ready += text;
    return stopped ? { ...this.#stop(), stopped } : { ...this.#releaseWhole(), stopped };
  }

  /** Releases what was held back, when the tokens end without a stop string. */
  finish(): Piece<T> {
    const text = this.#ready + this.#scanner.finish();
    this.#ready = '';
    return { text, tokens: this.#pending.splice(0), dropped: [] };
  }

  /** `push` and `finish` in one. */
  finishWith(value: T, bytes: Uint8Array): Piece<T> {
    const { stopped, ...last } = this.push(value, bytes);
    if (stopped) return last;
    const { text, tokens } = this.finish();
    return { text: last.text + text, tokens: [...last.tokens, ...tokens], dropped: [] };
  }

  #releaseWhole(): Piece<T> {
    const ready = this.#ready;
    const reach = this.#releasedLength + lengthInCodePoints(ready);
    const last = this.#pending.findLastIndex(({ end }) => end <= reach);
    const end = this.#pending[last]?.end;
    if (end === undefined) return { text: '', tokens: [], dropped: [] };
    const text = end === reach ? ready : [...ready].slice(0, end - this.#releasedLength).join('');
    this.#ready = ready.slice(text.length);
    this.#releasedLength = end;
    return { text, tokens: this.#pending.splice(0, last + 1), dropped: [] };
  }

  #stop(): Piece<T> {
    const text = this.#ready;
    this.#releasedLength += lengthInCodePoints(text);
    const firstDropped = this.#pending.findIndex(({ offset }) => offset >= this.#releasedLength);
    const dropped = firstDropped < 0 ? [] : this.#pending.splice(firstDropped);
    return { text, tokens: this.#pending.splice(0), dropped: dropped.map(({ value }) => value) };
  }
}

const NO_BYTES: Uint8Array = new Uint8Array();

/** The trailing bytes, of those already open and the new ones, that begin a character without completing it. */
function openCharacter(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  const last = bytes.at(-1);
  if (last === undefined) return before;
  if (last < 0x80) return NO_BYTES;
  const tail = Uint8Array.from([...before, ...bytes.subarray(-3)]).subarray(-3);
  for (let count = 1; count <= tail.length; count++) {
    const byte = tail.at(-count) ?? 0;
    if (byte < 0xc2 && byte >= 0x80) continue;
    return lengthOfCharacter(byte) > count ? tail.subarray(-count) : NO_BYTES;
  }
  return NO_BYTES;
}

/** By its first byte. */
function lengthOfCharacter(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return 1;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}
