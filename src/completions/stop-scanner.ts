/**
 * Looks for stop strings in a text that comes piece by piece, and holds back what may turn out to be the begin of one.
 */
export class StopScanner {
  #held = '';

  constructor(private readonly stops: readonly string[]) {}

  /** The text that can be released now, and whether a stop string came: then it and all that follows is cut off. */
  push(piece: string): { text: string; stopped: boolean } {
    const text = this.#held + piece;
    const cut = Math.min(...this.stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0));
    if (Number.isFinite(cut)) {
      this.#held = '';
      return { text: text.slice(0, cut), stopped: true };
    }
    const releasedLength = text.length - Math.max(0, ...this.stops.map((stop) => overlap(text, stop)));
    this.#held = text.slice(releasedLength);
    return { text: text.slice(0, releasedLength), stopped: false };
  }

  /** The text that was held back for a stop string that did not come. */
  finish(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }
}

/** The length of the longest end of `text` that `stop` begins with, without being all of it. */
function overlap(text: string, stop: string): number {
  let length = Math.min(text.length, stop.length - 1);
  while (length > 0 && !text.endsWith(stop.slice(0, length))) length--;
  return length;
}
