const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/**
 * The wait before something that has failed is started again: it doubles with each failure, and starts over after a success,
 * since what has worked was as likely stopped from outside.
 */
export class RestartDelay {
  private nextMs = FIRST_MS;

  /** After a success. */
  reset(): void {
    this.nextMs = FIRST_MS;
  }

  /** The wait before the next start. */
  next(): number {
    const waitMs = this.nextMs;
    this.nextMs = Math.min(waitMs * 2, LONGEST_MS);
    return waitMs;
  }
}
