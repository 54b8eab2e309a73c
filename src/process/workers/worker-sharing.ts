import type { UpstreamConfig } from '../../config/config.js';
import { OwnPlaces, type Places } from '../../upstreams/places.js';
import type { Sharing } from '../../upstreams/sharing.js';
import type { PrimaryChannel } from './primary-channel.js';
import { SharedPlaces } from './shared-places.js';

/** What a worker shares with the others: the places of upstreams with a limit, and the embedded engine. */
export class WorkerSharing implements Sharing {
  readonly startsEngine = false;
  /** By the upstream's name: under new options it is the same upstream, with requests under way that count. */
  private readonly places = new Map<string, SharedPlaces>();
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly channel: PrimaryChannel) {}

  placesOf({ name, maxConcurrency }: UpstreamConfig): Places {
    // Without a limit nobody has to be asked.
    return maxConcurrency === undefined ? new OwnPlaces() : this.sharedPlacesOf(name);
  }

  onPlaces(listener: () => void): void {
    this.listeners.push(listener);
  }

  sharedPlacesOf(upstream: string): SharedPlaces {
    let places = this.places.get(upstream);
    if (!places) {
      places = new SharedPlaces({
        wanted: () => void this.channel.tell({ type: 'wanted', upstream }),
        returned: (count) => void this.channel.tell({ type: 'returned', upstream, count }),
        changed: () => this.listeners.forEach((listener) => listener()),
      });
      this.places.set(upstream, places);
    }
    return places;
  }
}
