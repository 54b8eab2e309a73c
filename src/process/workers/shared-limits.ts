import { maxConcurrencyOf } from '../../engines/engine-profiles.js';
import type { UpstreamConfig } from '../../config/config.js';
import type { ToWorker } from './messages.js';
import { SharedLimit } from './shared-limit.js';

interface Shared {
  limit: SharedLimit;
  /** The upstream of the configuration whose `maxConcurrency` it is. */
  configured: string;
}

/** The limits of all upstreams that have one, by the upstreams' names. */
export class SharedLimits {
  private readonly limits = new Map<string, Shared>();
  /** By the names in the configuration. One that is gone is kept: requests may still be under way there. */
  private readonly maxConcurrency = new Map<string, number>();

  constructor(
    private readonly workerCount: number,
    private readonly send: (worker: number, message: ToWorker) => void,
  ) {}

  /** Takes the limits of a new configuration. */
  replace(upstreams: readonly UpstreamConfig[]): void {
    for (const upstream of upstreams) {
      const maxConcurrency = maxConcurrencyOf(upstream);
      if (maxConcurrency !== undefined) this.maxConcurrency.set(upstream.name, maxConcurrency);
    }
    for (const { limit, configured } of this.limits.values()) limit.setLimit(this.maxConcurrency.get(configured) ?? 0);
  }

  wanted(worker: number, upstream: string, configured: string): void {
    this.of(upstream, configured).wanted(worker);
  }

  returned(worker: number, upstream: string, count: number): void {
    this.limits.get(upstream)?.limit.returned(worker, count);
  }

  gone(worker: number): void {
    for (const { limit } of this.limits.values()) limit.gone(worker);
  }

  private of(upstream: string, configured: string): SharedLimit {
    const known = this.limits.get(upstream);
    if (known) return known.limit;
    const limit = new SharedLimit(this.workerCount, {
      granted: (worker, count) => this.send(worker, { type: 'granted', upstream, count }),
      full: (worker) => this.send(worker, { type: 'full', upstream }),
      recalled: (worker) => this.send(worker, { type: 'recalled', upstream }),
    });
    limit.setLimit(this.maxConcurrency.get(configured) ?? 0);
    this.limits.set(upstream, { limit, configured });
    return limit;
  }
}
