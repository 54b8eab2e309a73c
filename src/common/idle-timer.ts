import type { Clock, Timer } from './clock.js';

/**
 * Calls `onIdle` when nothing was heard for `idleMs`, and again after each further `idleMs`.
 *
 * `heard` is called for every piece of a stream, so it only reads the clock; a timer that fires too early is set for the rest.
 */
export class IdleTimer {
  private heardAt: number;
  private timer: Timer;

  constructor(
    private readonly clock: Clock,
    private readonly idleMs: number,
    private readonly onIdle: () => void,
  ) {
    this.heardAt = clock.now();
    this.timer = clock.timer(idleMs, this.onDue);
  }

  heard(): void {
    this.heardAt = this.clock.now();
  }

  cancel(): void {
    this.timer.cancel();
  }

  private readonly onDue = (): void => {
    const leftMs = this.heardAt + this.idleMs - this.clock.now();
    if (leftMs > 0) {
      // Node may fire a timer a fraction of a millisecond early.
      this.timer = this.clock.timer(Math.ceil(leftMs), this.onDue);
      return;
    }
    this.heard();
    this.timer = this.clock.timer(this.idleMs, this.onDue);
    this.onIdle();
  };
}
