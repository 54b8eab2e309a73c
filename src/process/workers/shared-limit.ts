/** Sends the limit's messages to the workers, by their ids. */
export interface LimitMessages {
  granted(worker: number, count: number): void;
  full(worker: number): void;
  recalled(worker: number): void;
}

/**
 * What the primary knows of a worker that holds slots: nothing of their use (`holding`), that it was asked to give back
 * (`recalled`), or that it then used all that it held (`busy`).
 */
interface Holder {
  count: number;
  state: 'holding' | 'recalled' | 'busy';
}

/** A worker that asked for a slot has no answer yet, or was refused. */
type Wanting = 'asked' | 'refused';

/**
 * The slots of one upstream with `maxConcurrency`, handed out to the workers by the primary process: all that the
 * workers hold together is never more than the limit.
 *
 * A worker keeps what it was granted, so that most requests need no message. When one wants more than is
 * left, the others are asked back what they do not use; while they use it all, each gives back what gets free first, and
 * it goes to whoever has waited for longest. So no slot lies idle in one worker while another wants it, and no worker
 * starves, not even with one slot for all of them.
 */
export class SharedLimit {
  private free = 0;
  private limit = 0;
  private readonly holders = new Map<number, Holder>();
  /** In the order in which they asked. */
  private readonly wanting = new Map<number, Wanting>();

  constructor(
    private readonly workerCount: number,
    private readonly messages: LimitMessages,
  ) {}

  /** A new configuration may raise or lower it. Lowered, it holds as soon as enough requests have ended. */
  setLimit(limit: number): void {
    this.free += limit - this.limit;
    this.limit = limit;
    this.settle();
  }

  wanted(worker: number): void {
    if (!this.wanting.has(worker)) this.wanting.set(worker, 'asked');
    this.settle();
  }

  returned(worker: number, count: number): void {
    const holder = this.holders.get(worker);
    if (!holder) return;
    if (count === 0) {
      holder.state = 'busy';
    } else {
      this.free += count;
      this.holders.set(worker, { count: holder.count - count, state: 'holding' });
    }
    this.settle();
  }

  /** The worker has ended, and its requests with it. */
  gone(worker: number): void {
    this.free += this.holders.get(worker)?.count ?? 0;
    this.holders.delete(worker);
    this.wanting.delete(worker);
    this.settle();
  }

  private settle(): void {
    for (const worker of this.wanting.keys()) {
      if (this.free <= 0) break;
      this.grant(worker);
    }
    if (this.wanting.size > 0 || this.free < 0) this.recall();
    for (const [worker, wanting] of this.wanting) {
      if (wanting === 'refused' || this.mayOthersGive(worker)) continue;
      this.wanting.set(worker, 'refused');
      this.messages.full(worker);
    }
  }

  /** More than one when there is enough: the next requests of this worker need not ask, and the others find some left. */
  private grant(worker: number): void {
    const count = Math.max(1, Math.floor(this.free / this.workerCount));
    const held = this.holders.get(worker)?.count ?? 0;
    this.holders.set(worker, { count: held + count, state: 'holding' });
    this.free -= count;
    this.wanting.delete(worker);
    this.messages.granted(worker, count);
  }

  private recall(): void {
    for (const [worker, holder] of this.holders) {
      const isOnlyOneWanting = this.wanting.size === 1 && this.wanting.has(worker) && this.free >= 0;
      if (holder.count === 0 || holder.state !== 'holding' || isOnlyOneWanting) continue;
      holder.state = 'recalled';
      this.messages.recalled(worker);
    }
  }

  private mayOthersGive(worker: number): boolean {
    for (const [id, { count, state }] of this.holders) {
      if (id !== worker && count > 0 && state !== 'busy') return true;
    }
    return false;
  }
}
