import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { GatewayConfig, type UpstreamConfig } from '../config/config.js';
import { CLOCK, type Clock } from '../common/clock.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { type Address, atAddress } from './dns-addresses.js';
import { EmbeddedEngine, type EngineAddress } from './embedded-engine.js';
import { HttpUpstream } from './http-upstream.js';
import { Redaction } from './redaction.js';
import { SHARING, type Sharing } from './sharing.js';
import { UpstreamState } from './upstream-state.js';
import type { Upstream } from './upstream.js';

type ChangeListener = (added: readonly Upstream[]) => void;

/** Every upstream that is configured now; the embedded engine when none is. */
@Injectable()
export class UpstreamRegistry implements OnModuleInit, OnApplicationShutdown {
  private current: readonly Upstream[];
  private readonly embedded: EmbeddedEngine | undefined;
  private readonly listeners: ChangeListener[] = [];
  /** Before the last change: requests to those that are gone may be under way. */
  private former: readonly UpstreamConfig[] = [];
  private currentRedaction: Redaction | undefined;
  private configured: readonly UpstreamConfig[];
  /** Of those with `discovery: dns`, by name. */
  private readonly addresses = new Map<string, readonly Address[]>();
  /** By name, so that they stay drained under new options. */
  private drained: ReadonlySet<string> = new Set();
  /** Notifies the other worker processes, if any. */
  onDrain: (upstream: string, isDrained: boolean) => void = () => undefined;

  constructor(
    config: GatewayConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) logger: Logger,
    @Inject(SHARING) private readonly sharing: Sharing,
  ) {
    if (config.upstreams.length === 0) {
      const onMove = (): void => void (this.currentRedaction = undefined);
      this.embedded = new EmbeddedEngine(config.embedded.model, clock, logger, onMove);
    }
    this.configured = config.upstreams;
    this.current = this.embedded ? [this.embedded] : this.expanded.map(([config, name]) => this.create(config, name));
  }

  get upstreams(): readonly Upstream[] {
    return this.current;
  }

  /** Redacts the upstreams' texts for clients. Made once for each configuration: its pattern takes its time. */
  get redaction(): Redaction {
    return (this.currentRedaction ??= new Redaction([...this.current.map(({ config }) => config), ...this.former]));
  }

  /** Calls `listener` with the upstreams that are new, each time that the configuration changes. */
  onChange(listener: ChangeListener): void {
    this.listeners.push(listener);
  }

  /** Sets where the embedded engine listens, as another process's child; undefined while it is being restarted. */
  setEngineAddress(address: EngineAddress | undefined): void {
    this.embedded?.setAddress(address);
  }

  /**
   * Takes the upstreams of a new configuration. One whose options are the same stays, with its connections and all that
   * is known of its health; one that is gone gets no more requests, and ends when those under way have ended.
   */
  replace(configs: readonly UpstreamConfig[]): void {
    this.configured = configs;
    this.apply();
  }

  /** Those whose addresses have to be found. */
  get resolved(): readonly UpstreamConfig[] {
    return this.configured.filter(({ discovery }) => discovery === 'dns');
  }

  /** Sets the addresses that were found: new ones join, those that are gone end when their requests have. */
  setAddresses(name: string, addresses: readonly Address[]): void {
    if (isDeepStrictEqual(this.addresses.get(name), addresses)) return;
    this.addresses.set(name, addresses);
    this.apply();
  }

  /** A configuration for each server, with the name of the one that it is of. */
  private get expanded(): readonly [UpstreamConfig, string][] {
    return this.configured.flatMap((config): [UpstreamConfig, string][] => {
      if (config.discovery === 'off') return [[config, config.name]];
      return (this.addresses.get(config.name) ?? []).map((address) => [atAddress(config, address), config.name]);
    });
  }

  private apply(): void {
    const before = this.current;
    this.former = before.map(({ config }) => config);
    this.currentRedaction = undefined;
    this.current = this.expanded.map(
      ([config, name]) =>
        before.find((upstream) => isDeepStrictEqual(upstream.config, config)) ?? this.create(config, name),
    );
    this.markDrained();
    for (const gone of before.filter((upstream) => !this.current.includes(upstream))) {
      // Its pool may be closed already, when the gateway is about to end.
      gone.close('when_idle').catch(() => undefined);
    }
    const added = this.current.filter((upstream) => !before.includes(upstream));
    for (const upstream of added.filter(({ config }) => config.discover)) {
      // Under other options, or at another address, it is taken to serve what it served, until it is asked again.
      const { baseUrl, config, models } = upstream;
      const same = before.find((each) => each.baseUrl === baseUrl || each.config.name === config.name);
      const known = same?.models.discoveredNames;
      if (known) models.setDiscovered(known);
    }
    for (const listener of this.listeners) listener(added);
  }

  /** Takes an upstream out of service, or back. */
  drain(name: string, isDrained: boolean): void {
    const names = new Set(this.drained);
    if (isDrained) names.add(name);
    else names.delete(name);
    this.setDrained(names);
    this.onDrain(name, isDrained);
  }

  /** Sets which are out of service. */
  setDrained(names: Iterable<string>): void {
    this.drained = new Set(names);
    this.markDrained();
    // One that is back has room for those that wait.
    for (const listener of this.listeners) listener([]);
  }

  async onModuleInit(): Promise<void> {
    if (this.sharing.startsEngine) await this.embedded?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.current.map((upstream) => upstream.close('now')));
  }

  private markDrained(): void {
    for (const { config, state } of this.current) state.isDrained = this.drained.has(config.name);
  }

  private create(config: UpstreamConfig, configured: string): Upstream {
    const slots = this.sharing.slotsOf(config, configured);
    return new HttpUpstream(config, this.clock, new UpstreamState(config, this.clock, slots));
  }
}
