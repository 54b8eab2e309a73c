/** A timer that can be started again without being made anew. */
export interface Timer {
  /** Starts the time again from now. */
  refresh(): void;
  cancel(): void;
}

/** Time, injected, so that a test can let ten minutes pass in no time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `action` once after `delayMs`. A timer does not keep the process alive. */
  timer(delayMs: number, action: () => void): Timer;
}

/** The token to inject a `Clock` by. */
export const CLOCK = Symbol('clock');

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  timer(delayMs, action) {
    const timeout = setTimeout(action, delayMs).unref();
    return {
      refresh: () => void timeout.refresh(),
      cancel: () => {
        clearTimeout(timeout);
      },
    };
  },
};

/**
 * Resolves after a while.
 *
 * @throws the signal's reason, when it is aborted before.
 */
export async function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  const wakeAt = clock.now() + milliseconds;
  // Node counts from the beginning of the turn of its event loop: its timers may come some milliseconds too early.
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
    signal.removeEventListener('abort', onAbort);
  }
}
