import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { GatewayConfig } from '../config/config.js';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import type { Upstream } from './upstream.js';
import { UpstreamProbe } from './upstream-probe.js';
import { UpstreamRegistry } from './upstream-registry.js';

/** Checks each upstream's health on a timer and, with `discover`, which models it serves. */
@Injectable()
export class UpstreamWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private timers = new Set<Timer>();
  private readonly firstChecks = new Set<Promise<void>>();
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
    // A request that comes first should find the models: discovery is waited for here, the first checks by `/readyz`.
    const discovering = this.registry.upstreams.filter(({ config }) => config.discover);
    await Promise.all(discovering.map((upstream) => this.discover(upstream)));
    for (const upstream of this.registry.upstreams) this.watch(upstream);
  }

  onApplicationShutdown(): void {
    this.isStopped = true;
    for (const timer of this.timers) timer.cancel();
  }

  /** Resolves with the next answer to a first check; undefined when every upstream that is checked has had its first. */
  nextFirstCheck(): Promise<void> | undefined {
    return this.firstChecks.size > 0 ? Promise.race(this.firstChecks) : undefined;
  }

  private watch(upstream: Upstream): void {
    // Unchecked upstreams count as up until traffic shows otherwise.
    if (upstream.config.healthCheck === 'off') upstream.state.probed(true);
    else this.watchHealth(upstream);
    if (upstream.config.discover) {
      this.repeat(
        upstream,
        () => this.config.routing.discoverIntervalMs,
        () => this.discover(upstream),
      );
    }
  }

  /** The first check is made at once. */
  private watchHealth(upstream: Upstream): void {
    const { health } = upstream.config;
    const isDown = (): boolean => upstream.state.condition === 'down';
    // One that is down is checked more often, to be back soon.
    const intervalMs = (): number => (isDown() ? Math.min(health.intervalMs, health.ejectMs) : health.intervalMs);
    const check = (): Promise<void> => this.checkHealth(upstream);
    const timer = this.repeat(upstream, intervalMs, check);
    const first = check().finally(() => {
      this.firstChecks.delete(first);
      if (!isDown() || this.isStopped || !this.timers.delete(timer)) return;
      timer.cancel();
      this.repeat(upstream, intervalMs, check);
    });
    this.firstChecks.add(first);
  }

  /** Runs `task` repeatedly, each time this long after the last run has ended, until the upstream is removed. */
  private repeat(upstream: Upstream, intervalMs: () => number, task: () => Promise<void>): Timer {
    const timer = this.clock.timer(intervalMs(), () => {
      this.timers.delete(timer);
      if (!this.registry.upstreams.includes(upstream)) return;
      void task().finally(() => {
        if (!this.isStopped) this.repeat(upstream, intervalMs, task);
      });
    });
    this.timers.add(timer);
    return timer;
  }

  private async checkHealth(upstream: Upstream): Promise<void> {
    const { config, models, state } = upstream;
    const isUp = await this.probe.isUp(upstream, models.probeModel);
    if (isUp && (upstream.version === undefined || state.condition === 'down')) {
      upstream.version = await this.probe.version(upstream);
    }
    if (isUp === (state.condition === 'down'))
      this.logger.warn({ upstream: config.name, isUp }, 'the health check of an upstream has changed state');
    state.probed(isUp);
  }

  private async discover(upstream: Upstream): Promise<void> {
    const names = await this.probe.listModels(upstream);
    // What was known stays known while the upstream cannot be asked.
    if (names) upstream.models.setDiscovered(names);
  }
}
