import { Injectable } from '@nestjs/common';
import { KeyDirectory } from '../auth/key-directory.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import { UpstreamWatch } from '../upstreams/upstream-watch.js';
import type { UpstreamHealthDto } from './health.dto.js';
import { ShutdownState } from './shutdown.js';

/** Whether this gateway should get requests, by what is known: it asks no upstream. */
@Injectable()
export class ReadinessService {
  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly watch: UpstreamWatch,
    private readonly shutdown: ShutdownState,
    private readonly keys: KeyDirectory,
  ) {}

  /** Ready with the keys loaded and one reachable upstream. Right after the start it waits for the first health checks. */
  async isReady(): Promise<boolean> {
    if (!this.keys.isLoaded) return false;
    while (!this.shutdown.isAnnounced && !this.isAnyReachable) {
      const check = this.watch.nextFirstCheck();
      if (!check) return false;
      await check;
    }
    return !this.shutdown.isAnnounced;
  }

  /** What is known of each upstream. */
  get upstreams(): UpstreamHealthDto[] {
    return this.registry.upstreams.map(({ config, state }) => ({
      name: config.name,
      available: state.isAvailable,
      condition: state.condition,
      rate_limited_models: state.rateLimits.models,
      full: state.isFull,
      in_flight: state.inFlightCount,
    }));
  }

  private get isAnyReachable(): boolean {
    return this.registry.upstreams.some(({ baseUrl, state }) => baseUrl !== undefined && state.isReachable);
  }
}
