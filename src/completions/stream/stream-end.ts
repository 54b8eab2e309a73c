/**
 * How far the end of a stream has come.
 *
 * - `open`: a choice has no finish reason; an upstream that ends now has broken off.
 * - `usage pending`: every choice has finished, and the usage that the client asked for has not come.
 * - `text done`: only the end is missing, which can be written without the upstream.
 * - `done`: the client has the whole answer.
 */
export type EndState = 'open' | 'usage pending' | 'text done' | 'done';

/** Moves through these states, in this order, as what they wait for comes. */
export class StreamEnd {
  state: EndState = 'open';

  constructor(
    private readonly needsUsage: boolean,
    private openParts: number,
  ) {}

  /** Call once every choice has finished, and again when the usage comes. */
  textEnded(hasUsage: boolean): void {
    if (this.state === 'done') return;
    this.state = this.needsUsage && !hasUsage ? 'usage pending' : 'text done';
  }

  /** The upstream's answer to a part has ended. @returns whether it was the last. */
  partEnded(): boolean {
    return --this.openParts === 0;
  }
}
