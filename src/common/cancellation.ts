/** Who is to know when work is cancelled. */
export interface CancellationListener {
  onCancel(reason: Error): void;
}

/**
 * The word that nobody wants some work any more, and why.
 *
 * It is an AbortSignal without the events. Node keeps a WeakRef for each listener of an AbortSignal, and V8 takes a WeakRef
 * for a strong reference until the next full collection: everything that belongs to a request would outlive it by far,
 * and be copied from one generation to the next.
 */
export class Cancellation {
  private listeners: CancellationListener[] = [];
  private given: Error | undefined;

  get isCancelled(): boolean {
    return this.given !== undefined;
  }

  /** Undefined as long as it is not cancelled. */
  get reason(): Error | undefined {
    return this.given;
  }

  throwIfCancelled(): void {
    if (this.given) throw this.given;
  }

  /** Tells the listeners; only the first time. */
  cancel(reason: Error): void {
    if (this.given) return;
    this.given = reason;
    const { listeners } = this;
    this.listeners = [];
    for (const listener of listeners) listener.onCancel(reason);
  }

  /** Tells `listener` once, at once when it is cancelled already. */
  add(listener: CancellationListener): void {
    if (this.given) listener.onCancel(this.given);
    else this.listeners.push(listener);
  }

  delete(listener: CancellationListener): void {
    const at = this.listeners.indexOf(listener);
    if (at !== -1) this.listeners.splice(at, 1);
  }
}
