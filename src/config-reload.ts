import type { INestApplicationContext } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { ApiKeyStore } from './auth/api-key.store.js';
import { GatewayConfig } from './config/config.js';
import { ConfigError } from './config/load-config.js';
import type { Logger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { UpstreamRegistry } from './upstreams/upstream-registry.js';

/** The parts of the configuration that are fixed at start. */
const FIXED_SECTIONS = ['server', 'log', 'embedded', 'routing'] as const;

/**
 * Takes a new configuration while the gateway runs: upstreams and API keys change, and no stream is dropped. A
 * configuration that cannot be used is refused and logged, and the old one stays.
 */
export class ConfigReload {
  constructor(
    private readonly app: INestApplicationContext,
    private readonly load: () => GatewayConfig,
    private readonly logger: Logger,
  ) {}

  run(): void {
    const { configReloads } = this.app.get(Metrics);
    try {
      this.apply(this.load());
      configReloads.inc({ outcome: 'applied' });
    } catch (error) {
      configReloads.inc({ outcome: 'refused' });
      const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
      this.logger.error({ problems }, 'the new configuration is refused; the old one stays');
    }
  }

  private apply(next: GatewayConfig): void {
    const current = this.app.get(GatewayConfig);
    if ((next.upstreams.length === 0) !== (current.upstreams.length === 0)) {
      const problem = 'upstreams: changing to the embedded engine, or from it, takes a restart';
      throw new ConfigError('the new configuration', [problem]);
    }
    // What may throw comes first: after it, nothing is half done.
    if (next.upstreams.length > 0) this.app.get(UpstreamRegistry).replace(next.upstreams);
    this.app.get(ApiKeyStore).replace(next.apiKeys);
    const needsRestart = FIXED_SECTIONS.filter((section) => !isDeepStrictEqual(next[section], current[section]));
    if (needsRestart.length > 0)
      this.logger.warn({ sections: needsRestart }, 'these sections change with the next start');
    const names = next.upstreams.map(({ name }) => name);
    this.logger.info({ upstreams: names, apiKeys: next.apiKeys.length }, 'the new configuration is in force');
  }
}
