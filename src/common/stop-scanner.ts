/**
 * Searches a text that comes piece by piece for stop strings, and holds back what may be the beginning of one.
 *
 * Amortized linear time for each stop string (Knuth, Morris and Pratt, "Fast pattern matching in strings", 1977). What is held
 * back is the beginning of a stop string, so no text is kept.
 */
export class StopScanner {
  readonly #stops: StopStrings;
  /** How many characters of each stop string the text so far ends with. */
  readonly #matched: number[];
  #held = '';

  /** `isKept`: the text includes the stop string that ends it, so nothing is held back. */
  constructor(
    stops: StopStrings | readonly string[],
    private readonly isKept = false,
  ) {
    this.#stops = stops instanceof StopStrings ? stops : new StopStrings(stops);
    this.#matched = this.#stops.patterns.map(() => 0);
  }

  /**
   * The text that can be released now, and whether a stop string came, from which on the text is cut off. With `tooEarly`,
   * one that ends in this piece does not count.
   */
  push(piece: string, tooEarly = false): { text: string; stopped: boolean } {
    const held = this.#held;
    let cut = Infinity;
    let longest = '';
    for (const [which, pattern] of this.#stops.patterns.entries()) {
      const { matched, end } = pattern.match(piece, this.#matched[which] ?? 0, tooEarly);
      this.#matched[which] = matched;
      if (end !== undefined) cut = Math.min(cut, held.length + end - (this.isKept ? 0 : pattern.text.length));
      else if (matched > longest.length && !this.isKept) longest = pattern.text.slice(0, matched);
    }
    const stopped = cut !== Infinity;
    this.#held = stopped ? '' : longest;
    const length = stopped ? cut : held.length + piece.length - longest.length;
    const text = length <= held.length ? held.slice(0, length) : held + piece.slice(0, length - held.length);
    return { text, stopped };
  }

  /** The text that was held back for a stop string that did not come. */
  finish(): string {
    const text = this.#held;
    this.#held = '';
    this.#matched.fill(0);
    return text;
  }
}

/** Stop strings, prepared once for all the texts in which they are looked for. */
export class StopStrings {
  readonly patterns: readonly Pattern[];

  constructor(stops: readonly string[]) {
    this.patterns = stops.map((stop) => new Pattern(stop));
  }
}

class Pattern {
  /** By the length of a prefix: that of the longest shorter prefix with which it ends. */
  readonly #shorter: Int32Array;

  constructor(readonly text: string) {
    this.#shorter = new Int32Array(text.length + 1);
    for (let at = 1, matched = 0; at < text.length; at++) {
      matched = this.#next(matched, text.charCodeAt(at));
      this.#shorter[at + 1] = matched;
    }
  }

  /**
   * Continues in `piece` after `matched` characters; `end` is the index in it after the whole text, unless it is `tooEarly`.
   */
  match(piece: string, matched: number, tooEarly: boolean): { matched: number; end?: number } {
    const { text } = this;
    for (let at = 0; at < piece.length; at++) {
      if (matched === 0) {
        at = piece.indexOf(text.charAt(0), at);
        if (at === -1) return { matched: 0 };
      }
      matched = this.#next(matched, piece.charCodeAt(at));
      if (matched < text.length) continue;
      if (!tooEarly) return { matched: 0, end: at + 1 };
      matched = this.#shorter[matched] ?? 0;
    }
    return { matched };
  }

  #next(matched: number, code: number): number {
    while (matched > 0 && this.text.charCodeAt(matched) !== code) matched = this.#shorter[matched] ?? 0;
    return this.text.charCodeAt(matched) === code ? matched + 1 : 0;
  }
}
