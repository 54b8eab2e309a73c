import type { Slot } from '../upstreams/upstream-state.js';
import { type EligibleCandidate, isHealthy } from './candidate.js';

/** The slots of one attempt: one until its end, and further ones for a fan-out. */
export class Reservation {
  readonly slot: Slot;

  /** The candidate must have a free slot. */
  constructor(readonly candidate: EligibleCandidate) {
    this.slot = candidate.upstream.state.take(candidate.upstreamModel);
  }

  /** Does `work` in a further slot, if there is one. */
  async inFurtherSlot(work: () => Promise<void>): Promise<void> {
    const { upstream, upstreamModel } = this.candidate;
    const { state } = upstream;
    // Another process may have one to give.
    if (state.isAvailable && !state.slots.isFree) await state.slots.ask();
    if (!isHealthy(this.candidate) || !state.slots.isFree) return;
    const slot = state.take(upstreamModel);
    try {
      await work();
    } finally {
      state.release(slot);
    }
  }

  release(): void {
    this.candidate.upstream.state.release(this.slot);
  }
}
