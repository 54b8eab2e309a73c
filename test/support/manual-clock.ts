import type { Clock, Timer } from '../../src/common/clock.js';

interface Scheduled {
  dueAt: number;
  action: () => void;
}

/** A clock that stands still until a test lets time pass. */
export class ManualClock implements Clock {
  private readonly timers = new Set<Scheduled>();

  constructor(private time = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.time;
  }

  timer(delayMs: number, action: () => void): Timer {
    const scheduled: Scheduled = { dueAt: this.time + delayMs, action };
    this.timers.add(scheduled);
    return {
      cancel: () => {
        this.timers.delete(scheduled);
      },
    };
  }

  /** The remaining time of each timer. */
  get pendingMs(): number[] {
    return [...this.timers].map(({ dueAt }) => dueAt - this.time);
  }

  /** How many timers are pending. */
  get pendingCount(): number {
    return this.timers.size;
  }

  /** Lets time pass, and calls what falls due, in order. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (let next = this.nextDue(end); next; next = this.nextDue(end)) {
      this.time = next.dueAt;
      this.timers.delete(next);
      next.action();
    }
    this.time = end;
  }

  private nextDue(end: number): Scheduled | undefined {
    const due = [...this.timers].filter(({ dueAt }) => dueAt <= end);
    return due.sort((a, b) => a.dueAt - b.dueAt)[0];
  }
}
