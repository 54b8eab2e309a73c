const FIRST_MS = 250;
const LONGEST_MS = 30_000;

/**
 * How long to wait before a child process that has died is started again: later each time that it did not get as far as to
 * serve. One that served is missed, and was as likely killed from outside.
 */
export class RestartDelay {
  private nextMs = FIRST_MS;

  /** The child serves. */
  hasServed(): void {
    this.nextMs = FIRST_MS;
  }

  /** The wait before the next start. */
  next(): number {
    const waitMs = this.nextMs;
    this.nextMs = Math.min(waitMs * 2, LONGEST_MS);
    return waitMs;
  }
}
