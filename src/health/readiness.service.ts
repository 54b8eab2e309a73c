import { Injectable } from '@nestjs/common';
import { UpstreamProbe } from '../upstreams/upstream-probe.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import type { UpstreamHealthDto } from './health.dto.js';
import { ShutdownState } from './shutdown.js';

/** Answers whether this gateway should get requests. */
@Injectable()
export class ReadinessService {
  /** Whoever asks while an answer is on its way gets that one: nobody can make many probes of many questions. */
  private asking: Promise<boolean> | undefined;

  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly probe: UpstreamProbe,
    private readonly shutdown: ShutdownState,
  ) {}

  async isReady(): Promise<boolean> {
    if (this.shutdown.isAnnounced) return false;
    this.asking ??= this.isAnyReachable().finally(() => (this.asking = undefined));
    return (await this.asking) && !this.shutdown.isAnnounced;
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

  private async isAnyReachable(): Promise<boolean> {
    const answers = await Promise.all(this.registry.upstreams.map((upstream) => this.probe.isReachable(upstream)));
    return answers.includes(true);
  }
}
