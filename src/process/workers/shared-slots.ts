import type { Slots } from '../../upstreams/slots.js';

/** Sends a worker's messages about the slots of one upstream to the primary. */
export interface SlotMessages {
  wanted(): void;
  returned(count: number): void;
}

/**
 * What the primary has last said of further slots: nothing (`unknown`), that it is looking for one (`asked`), or that none
 * is left (`full`), in which case it grants the next one without being asked again.
 */
type Supply = 'unknown' | 'asked' | 'full';

/** The slots of one upstream in one worker: those that the primary has granted it. See `SharedLimit`. */
export class SharedSlots implements Slots {
  onChange: () => void = () => undefined;
  private granted = 0;
  private taken = 0;
  private supply: Supply = 'unknown';
  /** The primary wants a slot back. */
  private isRecalled = false;
  private answer = Promise.withResolvers<void>();

  constructor(private readonly messages: SlotMessages) {}

  get isFree(): boolean {
    return this.taken < this.granted;
  }

  get areFull(): boolean {
    return !this.isFree && this.supply === 'full';
  }

  take(): void {
    this.taken++;
  }

  release(): void {
    this.taken--;
    if (this.isRecalled && this.isFree) this.giveBack();
    else this.onChange();
  }

  ask(): Promise<void> | undefined {
    if (this.supply === 'full') return undefined;
    if (this.supply === 'unknown') {
      this.supply = 'asked';
      this.messages.wanted();
    }
    return this.answer.promise;
  }

  /** The primary has granted so many more. */
  grant(count: number): void {
    this.granted += count;
    this.settle('unknown', count);
  }

  /** The primary has none left. */
  markFull(): void {
    this.settle('full', 1);
  }

  /**
   * The primary wants a slot back. It gets it when the turn is over: two workers that both want the only slot could
   * otherwise pass it to and fro without ever using it.
   */
  recall(): void {
    this.isRecalled = true;
    setImmediate(() => {
      if (this.isRecalled) this.giveBack();
    });
  }

  private giveBack(): void {
    const idle = Math.max(0, this.granted - this.taken);
    this.granted -= idle;
    if (idle > 0) this.isRecalled = false;
    this.messages.returned(idle);
  }

  /** Queued requests are older than those that have just asked. */
  private settle(supply: Supply, changes: number): void {
    const { resolve } = this.answer;
    this.supply = supply;
    this.answer = Promise.withResolvers();
    for (let count = 0; count < changes; count++) this.onChange();
    resolve();
  }
}
