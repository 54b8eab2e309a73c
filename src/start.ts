import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { generateApiKey } from './auth/api-key.js';
import { bannerOf } from './banner.js';
import { hashApiKey } from './config/api-key-hash.js';
import { ApiKeyConfig, type GatewayConfig } from './config/config.js';
import { ConfigError, loadConfig } from './config/load-config.js';
import { ConfigFile } from './config/config-file.js';
import { ConfigReload, takeConfig } from './config-reload.js';
import { createApp } from './create-app.js';
import { runPrimary } from './primary.js';
import { onEndSignal, shutDown } from './shut-down.js';
import { explainStartFailure } from './start-failure.js';
import { systemClock } from './telemetry/clock.js';
import { createLogger, createSharedLogger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { endOnFault } from './uncaught-fault.js';
import { UpstreamRegistry } from './upstreams/upstream-registry.js';
import { runWorker } from './worker.js';

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

/** What is known before the gateway starts. */
interface Prepared {
  config: GatewayConfig;
  temporaryKey: string | undefined;
  configFile: ConfigFile;
  /** Reads the configuration again. */
  load: () => GatewayConfig;
  isUnderNpm: boolean;
}

/** The whole gateway in this process. */
async function runAlone({ config, temporaryKey, configFile, load, isUnderNpm }: Prepared): Promise<void> {
  const logger = createLogger(config.log.level);
  const app = await createApp({ config, logger, clock: systemClock });
  let ending: Promise<void> | undefined;
  const end = (reason: string): void => {
    ending ??= shutDown(app, config.server, logger, reason);
  };
  onEndSignal(isUnderNpm, end);
  endOnFault(logger, config.server, end);
  const { host, port } = config.server;
  await app.listen(port, host);
  const url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  logger.info({ url }, 'listening');
  const take = (next: GatewayConfig): GatewayConfig => {
    takeConfig(app, next);
    return config;
  };
  const reload = new ConfigReload(() => config, load, take, app.get(Metrics).configReloads, logger);
  configFile.watch((reason) => reload.run(reason));
  const { upstreams } = app.get(UpstreamRegistry);
  process.stderr.write(bannerOf({ url, config, upstreams, temporaryKey }));
}

async function main(): Promise<void> {
  if (cluster.isWorker) return runWorker();
  const configFile = new ConfigFile(process.env);
  const config = loadConfig(process.env);
  const temporaryKey = ensureKey(config);
  const load = (): GatewayConfig => loadAgain(config, temporaryKey);
  const isUnderNpm = process.env.npm_lifecycle_event !== undefined;
  const prepared = { config, temporaryKey, configFile, load, isUnderNpm };
  const { workers } = config.server;
  const workerCount = workers === 'auto' ? availableParallelism() : workers;
  if (workerCount === 1) return runAlone(prepared);
  return runPrimary({ ...prepared, workerCount, logger: createSharedLogger(config.log.level) });
}

/** Resolves once the gateway serves; when it cannot, the process ends. */
export async function start(): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`\n${explainStartFailure(error)}\n`);
    process.exit(1);
  }
}
