import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { GatewayConfig } from '../config/config.js';
import { CLOCK, type Clock } from '../telemetry/clock.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { EmbeddedEngine } from './embedded-engine.js';
import { HttpUpstream } from './http-upstream.js';
import type { Upstream } from './upstream.js';

/** Every upstream, in the order of the configuration; the embedded engine when none is configured. */
@Injectable()
export class UpstreamRegistry implements OnModuleInit, OnApplicationShutdown {
  readonly upstreams: readonly Upstream[];
  private readonly embedded: EmbeddedEngine | undefined;

  constructor(config: GatewayConfig, @Inject(CLOCK) clock: Clock, @Inject(LOGGER) logger: Logger) {
    if (config.upstreams.length === 0) this.embedded = new EmbeddedEngine(config.embedded.model, clock, logger);
    this.upstreams = this.embedded ? [this.embedded] : config.upstreams.map((each) => new HttpUpstream(each, clock));
  }

  async onModuleInit(): Promise<void> {
    await this.embedded?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.upstreams.map((upstream) => upstream.close()));
  }
}
