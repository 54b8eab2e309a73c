import type { Clock } from './clock.js';

const FIRST_MS = 250;
const LONGEST_MS = 30_000;
/** A process that ran for so long had started well: the next restart does not wait longer than the first. */
const STABLE_AFTER_MS = 60_000;

/** How long to wait before a child process that has died is started again: later each time. */
export class RestartDelay {
  private nextMs = FIRST_MS;
  private startedAt = 0;

  constructor(private readonly clock: Clock) {}

  /** The child is being started. */
  started(): void {
    this.startedAt = this.clock.now();
  }

  /** The wait before the next start. */
  next(): number {
    if (this.clock.now() - this.startedAt >= STABLE_AFTER_MS) this.nextMs = FIRST_MS;
    const waitMs = this.nextMs;
    this.nextMs = Math.min(waitMs * 2, LONGEST_MS);
    return waitMs;
  }
}
