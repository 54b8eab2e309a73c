import './check-node.js';
import { generateApiKey } from './auth/api-key.js';
import { bannerOf } from './banner.js';
import { hashApiKey } from './config/api-key-hash.js';
import { ApiKeyConfig, type GatewayConfig } from './config/config.js';
import { ConfigError, loadConfig } from './config/load-config.js';
import { ConfigFile } from './config/config-file.js';
import { ConfigReload } from './config-reload.js';
import { createApp } from './create-app.js';
import { shutDownOnSignal } from './shut-down.js';
import { explainStartFailure } from './start-failure.js';
import { systemClock } from './telemetry/clock.js';
import { createLogger } from './telemetry/logger.js';
import { UpstreamRegistry } from './upstreams/upstream-registry.js';

/** A gateway that nobody can use is a mistake in production, and a hurdle everywhere else. */
function ensureKey(config: GatewayConfig): string | undefined {
  if (config.apiKeys.length > 0) return undefined;
  if (process.env.NODE_ENV === 'production') {
    throw new ConfigError('NODE_ENV=production', [
      'apiKeys: expected at least one key; `npm run key` makes one for gateway.yaml, or set API_KEYS',
    ]);
  }
  const key = generateApiKey(false);
  config.apiKeys = [Object.assign(new ApiKeyConfig(), { id: 'temporary', hash: hashApiKey(key) })];
  return key;
}

/** The key that was made for this run stays good as long as no other is configured. */
function loadAgain(atStart: GatewayConfig, temporaryKey: string | undefined): GatewayConfig {
  const config = loadConfig(process.env);
  if (config.apiKeys.length > 0) return config;
  if (temporaryKey === undefined) throw new ConfigError('the new configuration', ['apiKeys: expected at least one']);
  config.apiKeys = atStart.apiKeys;
  return config;
}

async function main(): Promise<void> {
  const configFile = new ConfigFile(process.env);
  const config = loadConfig(process.env);
  const temporaryKey = ensureKey(config);
  const logger = createLogger(config.log.level);
  const app = await createApp({ config, logger, clock: systemClock });
  shutDownOnSignal(app, config.server, logger, process.env.npm_lifecycle_event !== undefined);
  const { host, port } = config.server;
  await app.listen(port, host);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  logger.info({ url }, 'listening');
  const reload = new ConfigReload(app, () => loadAgain(config, temporaryKey), logger);
  configFile.watch(() => reload.run());
  const { upstreams } = app.get(UpstreamRegistry);
  process.stderr.write(bannerOf({ url, config, upstreams, temporaryKey }));
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${explainStartFailure(error)}\n`);
  process.exit(1);
});
