import { ApiError } from '../errors/api-error.js';
import type { Cancellation } from '../common/cancellation.js';
import type { Clock, Timer } from '../common/clock.js';

const LOOK_INTERVAL_MS = 250;

interface Waiter {
  /** Gets a place and leaves the room, if there is a place. */
  tryEnter: () => void;
  leave: (error?: unknown) => void;
}

/** Where requests wait, first come first served, while every upstream that could serve them is full. */
export class WaitingRoom {
  private readonly waiters = new Set<Waiter>();
  private look: Timer | undefined;

  constructor(
    private readonly limits: { maxQueue: number; queueTimeoutMs: number },
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.waiters.size;
  }

  /**
   * Resolves with what `tryEnter` gives, as soon as it gives something.
   *
   * @throws {ApiError} 503 when the room is full, or the wait too long.
   * @throws what `tryEnter` throws; the reason of `cancellation`, when it is cancelled.
   */
  async enter<T>(tryEnter: () => T | undefined, cancellation: Cancellation): Promise<T> {
    cancellation.throwIfCancelled();
    if (this.waiters.size >= this.limits.maxQueue) throw busy('the queue is full');
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter: Waiter = {
      tryEnter: () => {
        try {
          const place = tryEnter();
          if (place === undefined) return;
          waiter.leave();
          resolve(place);
        } catch (error) {
          // It is this one's to know, and not of the request that has just ended and called `letIn`.
          waiter.leave(error);
        }
      },
      leave: (error) => {
        this.waiters.delete(waiter);
        if (this.waiters.size === 0) this.look?.cancel();
        timer.cancel();
        cancellation.delete(listener);
        if (error !== undefined) reject(error);
      },
    };
    const timer: Timer = this.clock.timer(this.limits.queueTimeoutMs, () =>
      waiter.leave(busy('the wait was too long')),
    );
    const listener = { onCancel: waiter.leave };
    cancellation.add(listener);
    this.waiters.add(waiter);
    if (this.waiters.size === 1) this.keepLooking();
    return promise;
  }

  /** An ejection or a rest that is over, or a probe that succeeds, makes room and tells nobody. */
  private keepLooking(): void {
    this.look = this.clock.timer(LOOK_INTERVAL_MS, () => {
      this.letIn();
      if (this.waiters.size > 0) this.keepLooking();
    });
  }

  /** A place may have become free: lets in whom it suits, the longest waiting first. */
  letIn(): void {
    for (const waiter of this.waiters) waiter.tryEnter();
  }
}

function busy(reason: string): ApiError {
  const headers = { 'Retry-After': '1' };
  return new ApiError(503, 'no_upstream_available', 'Every upstream of this model is busy. Try again later.', {
    headers,
    reason,
  });
}
