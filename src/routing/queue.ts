import type { Cancellation } from '../common/cancellation.js';
import type { Clock, Timer } from '../common/clock.js';
import { ApiError } from '../errors/api-error.js';

const POLL_INTERVAL_MS = 250;

interface Waiter {
  model: string;
  /** The upstreams that it waits for, by name. */
  upstreams: readonly string[];
  /** Takes a slot and leaves the queue, if it gets one. */
  tryLeave: () => boolean;
}

/**
 * Requests that wait while every upstream that could serve them is full. Each model has a queue of its own length; a freed
 * slot goes to the request that has waited longest for that upstream, whatever its model.
 */
export class Queue {
  /** In order of arrival. */
  private readonly waiters = new Set<Waiter>();
  private readonly lengths = new Map<string, number>();
  private readonly byUpstream = new Map<string, Set<Waiter>>();
  private poll: Timer | undefined;

  constructor(
    private readonly limits: { maxQueue: number; queueTimeoutMs: number },
    private readonly clock: Clock,
  ) {}

  /** Of all models. */
  get length(): number {
    return this.waiters.size;
  }

  isWaitedFor(upstream: string): boolean {
    return this.byUpstream.has(upstream);
  }

  /**
   * Resolves with what `take` gives, as soon as it gives something.
   *
   * @param upstreams by name: when one of them has a free slot, `take` is called.
   * @throws {ApiError} 503 when the model's queue is full, or the wait too long.
   * @throws what `take` throws; the reason of `cancellation`, when it is cancelled.
   */
  async wait<T>(
    model: string,
    upstreams: readonly string[],
    take: () => T | undefined,
    cancellation: Cancellation,
  ): Promise<T> {
    cancellation.throwIfCancelled();
    if ((this.lengths.get(model) ?? 0) >= this.limits.maxQueue) throw busy('the queue is full');
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const leave = (): void => {
      this.remove(waiter);
      timer.cancel();
      cancellation.delete(listener);
    };
    const giveUp = (error: unknown): void => {
      leave();
      reject(error);
    };
    const waiter: Waiter = {
      model,
      upstreams,
      tryLeave: () => {
        try {
          const taken = take();
          if (taken === undefined) return false;
          leave();
          resolve(taken);
          return true;
        } catch (error) {
          // The error is this request's, not that of the one that freed the slot.
          giveUp(error);
          return false;
        }
      },
    };
    const timer = this.clock.timer(this.limits.queueTimeoutMs, () => giveUp(busy('the wait was too long')));
    const listener = { onCancel: giveUp };
    cancellation.add(listener);
    this.add(waiter);
    return promise;
  }

  /** Gives a free slot of the upstream to the first that can use it. @returns whether one could. */
  wake(upstream: string): boolean {
    for (const waiter of this.byUpstream.get(upstream) ?? []) if (waiter.tryLeave()) return true;
    return false;
  }

  /** Anything may have changed. */
  wakeAll(): void {
    for (const waiter of this.waiters) waiter.tryLeave();
  }

  private add(waiter: Waiter): void {
    const { model, upstreams } = waiter;
    this.waiters.add(waiter);
    this.lengths.set(model, (this.lengths.get(model) ?? 0) + 1);
    for (const upstream of upstreams) {
      const waiting = this.byUpstream.get(upstream);
      if (waiting) waiting.add(waiter);
      else this.byUpstream.set(upstream, new Set([waiter]));
    }
    if (this.waiters.size === 1) this.keepPolling();
  }

  private remove(waiter: Waiter): void {
    const { model, upstreams } = waiter;
    if (!this.waiters.delete(waiter)) return;
    const left = (this.lengths.get(model) ?? 1) - 1;
    if (left > 0) this.lengths.set(model, left);
    else this.lengths.delete(model);
    for (const upstream of upstreams) {
      const waiting = this.byUpstream.get(upstream);
      if (waiting?.delete(waiter) && waiting.size === 0) this.byUpstream.delete(upstream);
    }
    if (this.waiters.size === 0) this.poll?.cancel();
  }

  /** The end of an ejection or a rate limit and a successful health check free slots without an event. */
  private keepPolling(): void {
    this.poll = this.clock.timer(POLL_INTERVAL_MS, () => {
      this.wakeAll();
      if (this.waiters.size > 0) this.keepPolling();
    });
  }
}

export function busy(reason: string): ApiError {
  const headers = { 'Retry-After': '1' };
  return new ApiError(503, 'no_upstream_available', 'Every upstream of this model is busy. Try again later.', {
    headers,
    reason,
  });
}
