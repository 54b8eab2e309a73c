import { Injectable } from '@nestjs/common';
import { UpstreamProbe } from '../upstreams/upstream-probe.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import { ShutdownState } from './shutdown.js';

/** Answers whether this gateway should get requests. */
@Injectable()
export class ReadinessService {
  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly probe: UpstreamProbe,
    private readonly shutdown: ShutdownState,
  ) {}

  async isReady(): Promise<boolean> {
    if (this.shutdown.isAnnounced) return false;
    const answers = await Promise.all(this.registry.upstreams.map((upstream) => this.probe.isReachable(upstream)));
    return answers.includes(true) && !this.shutdown.isAnnounced;
  }
}
