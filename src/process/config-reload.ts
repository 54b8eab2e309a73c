import type { INestApplicationContext } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { ConfiguredKeys } from '../auth/configured-keys.js';
import type { GatewayConfig } from '../config/config.js';
import { Limiter } from '../limits/limiter.js';
import { ConfigError } from '../config/load-config.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';

/** The parts of the configuration that are fixed while a process serves. */
const FIXED_SECTIONS = ['server', 'log', 'embedded', 'routing', 'limits'] as const;

export type ReloadReason = 'change' | 'SIGHUP';

/** Applies a new configuration's upstreams and API keys to a running application. No stream is dropped. */
export function takeConfig(app: INestApplicationContext, next: GatewayConfig): void {
  // What may throw comes first, so that nothing is half done.
  if (next.upstreams.length > 0) app.get(UpstreamRegistry).replace(next.upstreams);
  app.get(ConfiguredKeys).replace(next.apiKeys);
  app.get(Limiter).replaceKeys(next.apiKeys);
}

/**
 * Applies a new configuration while the gateway runs. One that cannot be used is refused and logged; the old one stays.
 */
export class ConfigReload {
  constructor(
    private readonly current: () => GatewayConfig,
    private readonly load: () => GatewayConfig,
    /** Applies what can be applied, and returns the configuration in force. */
    private readonly take: (next: GatewayConfig, reason: ReloadReason) => GatewayConfig,
    private readonly configReloads: Metrics['configReloads'],
    private readonly logger: Logger,
  ) {}

  /** @returns whether the new configuration is in force. */
  run(reason: ReloadReason): boolean {
    try {
      this.apply(this.load(), reason);
      this.configReloads.inc({ outcome: 'applied' });
      return true;
    } catch (error) {
      this.configReloads.inc({ outcome: 'refused' });
      const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
      this.logger.error({ problems }, 'the new configuration is refused; the old one stays');
      return false;
    }
  }

  private apply(next: GatewayConfig, reason: ReloadReason): void {
    if ((next.upstreams.length === 0) !== (this.current().upstreams.length === 0)) {
      const problem = 'upstreams: changing to the embedded engine, or from it, takes a restart';
      throw new ConfigError('the new configuration', [problem]);
    }
    const inForce = this.take(next, reason);
    const needsRestart = FIXED_SECTIONS.filter((section) => !isDeepStrictEqual(next[section], inForce[section]));
    if (needsRestart.length > 0)
      this.logger.warn({ sections: needsRestart }, 'these sections change with the next start');
    const names = next.upstreams.map(({ name }) => name);
    this.logger.info({ upstreams: names, apiKeys: next.apiKeys.length }, 'the new configuration is in force');
  }
}
