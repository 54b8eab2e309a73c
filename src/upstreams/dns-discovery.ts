import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CLOCK, type Clock, type Timer } from '../common/clock.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { addressesOf } from './dns-addresses.js';
import { UpstreamRegistry } from './upstream-registry.js';

/** Re-resolves the name of each upstream with `discovery: dns` on a timer, and updates the registry. */
@Injectable()
export class DnsDiscovery implements OnModuleInit, OnApplicationShutdown {
  /** By the name of the upstream. */
  private readonly timers = new Map<string, Timer | undefined>();
  private readonly failing = new Set<string>();
  private isStopped = false;

  constructor(
    private readonly registry: UpstreamRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** A request that comes first should find the servers. */
  async onModuleInit(): Promise<void> {
    await this.begin();
    this.registry.onChange(() => void this.begin());
  }

  onApplicationShutdown(): void {
    this.isStopped = true;
    for (const timer of this.timers.values()) timer?.cancel();
  }

  /** For those that are new. */
  private async begin(): Promise<void> {
    const names = this.registry.resolved.map(({ name }) => name).filter((name) => !this.timers.has(name));
    for (const name of names) this.timers.set(name, undefined);
    await Promise.all(names.map((name) => this.resolve(name)));
  }

  private async resolve(name: string): Promise<void> {
    const config = this.registry.resolved.find((each) => each.name === name);
    if (!config) {
      this.timers.delete(name);
      return;
    }
    try {
      const addresses = await addressesOf(config);
      if (this.isStopped) return;
      if (this.failing.delete(name)) this.logger.info({ upstream: name }, 'the name of an upstream is resolved again');
      this.registry.setAddresses(name, addresses);
    } catch (err) {
      // Keep the known addresses: health checks find those that are gone.
      if (!this.failing.has(name)) this.logger.warn({ upstream: name, err }, 'the name of an upstream is not resolved');
      this.failing.add(name);
    }
    this.schedule(name, config.dnsIntervalMs);
  }

  private schedule(name: string, delayMs: number): void {
    if (this.isStopped) return;
    this.timers.set(
      name,
      this.clock.timer(delayMs, () => void this.resolve(name)),
    );
  }
}
