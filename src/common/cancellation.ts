export interface CancellationListener {
  onCancel(reason: Error): void;
}

/**
 * Tells that work is no longer wanted, and why.
 *
 * An AbortSignal without events. Node keeps a WeakRef for each listener of an AbortSignal, and V8 treats a WeakRef as a strong
 * reference until the next full collection: everything that belongs to a request would long outlive it, and be copied to
 * the old generation.
 */
export class Cancellation {
  private listeners: CancellationListener[] = [];
  private given: Error | undefined;

  get isCancelled(): boolean {
    return this.given !== undefined;
  }

  /** Undefined until it is cancelled. */
  get reason(): Error | undefined {
    return this.given;
  }

  throwIfCancelled(): void {
    if (this.given) throw this.given;
  }

  /** Tells the listeners. Later calls do nothing. */
  cancel(reason: Error): void {
    if (this.given) return;
    this.given = reason;
    const { listeners } = this;
    this.listeners = [];
    for (const listener of listeners) listener.onCancel(reason);
  }

  /** Tells `listener` once: at once if already cancelled. */
  add(listener: CancellationListener): void {
    if (this.given) listener.onCancel(this.given);
    else this.listeners.push(listener);
  }

  delete(listener: CancellationListener): void {
    const at = this.listeners.indexOf(listener);
    if (at !== -1) this.listeners.splice(at, 1);
  }
}
