import { maxConcurrencyOf } from '../../engines/engine-profiles.js';
import type { UpstreamConfig } from '../../config/config.js';
import { OwnSlots, type Slots } from '../../upstreams/slots.js';
import type { Sharing } from '../../upstreams/sharing.js';
import type { PrimaryChannel } from './primary-channel.js';
import { SharedSlots } from './shared-slots.js';

/** What a worker shares with the others: the slots of upstreams with a limit, and the embedded engine. */
export class WorkerSharing implements Sharing {
  readonly startsEngine = false;
  /** By the upstream's name: under new options it is the same upstream, with requests under way that count. */
  private readonly slots = new Map<string, SharedSlots>();

  constructor(private readonly channel: PrimaryChannel) {}

  slotsOf(upstream: UpstreamConfig, configured: string): Slots {
    // Without a limit there is nothing to coordinate.
    if (maxConcurrencyOf(upstream) === undefined) return new OwnSlots();
    const { name } = upstream;
    let slots = this.slots.get(name);
    if (!slots) {
      slots = new SharedSlots({
        wanted: () => void this.channel.send({ type: 'wanted', upstream: name, configured }),
        returned: (count) => void this.channel.send({ type: 'returned', upstream: name, count }),
      });
      this.slots.set(name, slots);
    }
    return slots;
  }

  /** Those that the primary speaks of. */
  sharedSlotsOf(upstream: string): SharedSlots | undefined {
    return this.slots.get(upstream);
  }
}
