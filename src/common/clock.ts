import type { Cancellation } from './cancellation.js';

export interface Timer {
  cancel(): void;
}

/** Time is injected, so that tests can advance it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once after `delayMs`. A timer does not keep the process alive. */
  timer(delayMs: number, action: () => void): Timer;
}

/** The token to inject a `Clock` by. */
export const CLOCK = Symbol('clock');

const { timeOrigin } = performance;

class SystemTimer implements Timer {
  private readonly timeout: NodeJS.Timeout;

  constructor(delayMs: number, action: () => void) {
    this.timeout = setTimeout(action, delayMs).unref();
  }

  cancel(): void {
    clearTimeout(this.timeout);
  }
}

export const systemClock: Clock = {
  now: () => timeOrigin + performance.now(),
  timer: (delayMs, action) => new SystemTimer(delayMs, action),
};

/**
 * Resolves after `milliseconds`.
 *
 * @throws the reason of `cancellation`, when it is cancelled before.
 */
export async function sleep(clock: Clock, milliseconds: number, cancellation: Cancellation): Promise<void> {
  cancellation.throwIfCancelled();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const listener = { onCancel: reject };
  cancellation.add(listener);
  const wakeAt = clock.now() + milliseconds;
  // Node's timers count from the start of the event-loop turn, and may fire some milliseconds early.
  const wake = (): void => {
    const leftMs = wakeAt - clock.now();
    if (leftMs > 0) timer = clock.timer(leftMs, wake);
    else resolve();
  };
  let timer = clock.timer(milliseconds, wake);
  try {
    await promise;
  } finally {
    timer.cancel();
    cancellation.delete(listener);
  }
}
