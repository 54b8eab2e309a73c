import { maxConcurrencyOf } from '../../engines/engine-profiles.js';
import type { UpstreamConfig } from '../../config/config.js';
import type { ToWorker } from './messages.js';
import { SharedLimit } from './shared-limit.js';

/** The limits of all upstreams that have one, by the upstreams' names. */
export class SharedLimits {
  private readonly limits = new Map<string, SharedLimit>();

  constructor(
    private readonly workerCount: number,
    private readonly tell: (worker: number, message: ToWorker) => void,
  ) {}

  /** Takes the limits of a new configuration. One that is gone is kept: requests may still be under way there. */
  replace(upstreams: readonly UpstreamConfig[]): void {
    for (const upstream of upstreams) {
      const maxConcurrency = maxConcurrencyOf(upstream);
      if (maxConcurrency !== undefined) this.create(upstream.name).limitIs(maxConcurrency);
    }
  }

  of(upstream: string): SharedLimit | undefined {
    return this.limits.get(upstream);
  }

  gone(worker: number): void {
    for (const limit of this.limits.values()) limit.gone(worker);
  }

  private create(upstream: string): SharedLimit {
    const known = this.limits.get(upstream);
    if (known) return known;
    const limit = new SharedLimit(this.workerCount, {
      granted: (worker, count) => this.tell(worker, { type: 'granted', upstream, count }),
      full: (worker) => this.tell(worker, { type: 'full', upstream }),
      recalled: (worker) => this.tell(worker, { type: 'recalled', upstream }),
    });
    this.limits.set(upstream, limit);
    return limit;
  }
}
