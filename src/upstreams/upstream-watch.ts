import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayConfig } from '../config/config.js';
import { CLOCK, type Clock, type Timer } from '../telemetry/clock.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import type { Upstream } from './upstream.js';
import { UpstreamProbe } from './upstream-probe.js';
import { UpstreamRegistry } from './upstream-registry.js';

/** Asks each upstream now and then whether it is up, and, with `discover`, which models it serves. */
@Injectable()
export class UpstreamWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private timers = new Set<Timer>();
  private isStopped = false;

  constructor(
    private readonly config: GatewayConfig,
    private readonly registry: UpstreamRegistry,
    private readonly probe: UpstreamProbe,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.registry.onChange((added) => {
      for (const upstream of added) {
        this.watch(upstream);
        if (upstream.config.discover) void this.discover(upstream);
      }
    });
    // A request that comes first should find the models: discovery is waited for, health is not.
    const discovering = this.registry.upstreams.filter(({ config }) => config.discover);
    await Promise.all(discovering.map((upstream) => this.discover(upstream)));
    for (const upstream of this.registry.upstreams) this.watch(upstream);
  }

  onApplicationShutdown(): void {
    this.isStopped = true;
    for (const timer of this.timers) timer.cancel();
  }

  private watch(upstream: Upstream): void {
    const { health, healthCheck, discover } = upstream.config;
    if (healthCheck !== 'off') {
      // One that is down is asked more often: it should not wait longer than it needs to.
      const intervalMs = (): number =>
        upstream.state.condition === 'down' ? Math.min(health.intervalMs, health.ejectMs) : health.intervalMs;
      this.repeat(upstream, intervalMs, () => this.checkHealth(upstream));
    }
    if (discover) {
      this.repeat(
        upstream,
        () => this.config.routing.discoverIntervalMs,
        () => this.discover(upstream),
      );
    }
  }

  /** Runs `task` again and again, the next time so long after it has ended, until the upstream is removed. */
  private repeat(upstream: Upstream, intervalMs: () => number, task: () => Promise<void>): void {
    const timer = this.clock.timer(intervalMs(), () => {
      this.timers.delete(timer);
      if (!this.registry.upstreams.includes(upstream)) return;
      void task().finally(() => {
        if (!this.isStopped) this.repeat(upstream, intervalMs, task);
      });
    });
    this.timers.add(timer);
  }

  private async checkHealth(upstream: Upstream): Promise<void> {
    const { config, models, state } = upstream;
    const isUp = await this.probe.isUp(upstream, models.probeModel);
    if (isUp === (state.condition === 'down'))
      this.logger.warn({ upstream: config.name, isUp }, 'the active check of an upstream has changed its mind');
    state.probed(isUp);
  }

  private async discover(upstream: Upstream): Promise<void> {
    const names = await this.probe.listModels(upstream);
    // What was known stays known while the upstream cannot be asked.
    if (names) upstream.models.discoveredAre(names);
  }
}
