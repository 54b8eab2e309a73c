import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { runAlone } from './alone.js';
import { generateApiKey } from '../auth/api-key.js';
import { hashApiKey } from '../config/api-key-hash.js';
import { ApiKeyConfig, type GatewayConfig } from '../config/config.js';
import { ConfigError, loadConfig } from '../config/load-config.js';
import { ConfigFile } from '../config/config-file.js';
import { runPrimary } from './primary.js';
import { Shutdown } from './shut-down.js';
import { explainStartFailure } from './start-failure.js';
import { createLogger, createSharedLogger } from '../observability/logger.js';
import { runWorker } from './worker.js';
import { systemClock } from '../common/clock.js';
import { openEmbedded, openFile, openStorage } from '../storage/open-storage.js';
import { hasCredentials, prepareStorage } from './prepare-storage.js';

/** Makes a key for this run when none is configured, except in production, where that is a mistake. @returns the key made. */
function ensureKey(config: GatewayConfig): string | undefined {
  if (!needsKey(config)) return undefined;
  if (process.env.NODE_ENV === 'production') {
    throw new ConfigError('NODE_ENV=production', [
      'apiKeys: expected at least one key; `npm run key` makes one for gateway.yaml, or set API_KEYS',
    ]);
  }
  const key = generateApiKey('dforg_');
  config.apiKeys = [Object.assign(new ApiKeyConfig(), { id: 'temporary', hash: hashApiKey(key) })];
  return key;
}

/** Keys in a database are not known yet. */
function needsKey(config: GatewayConfig): boolean {
  return config.database === 'none' && !hasCredentials(config);
}

/** Reads the configuration again. The key made for this run stays valid while no other is configured. */
function loadAgain(atStart: GatewayConfig, temporaryKey: string | undefined): GatewayConfig {
  const config = loadConfig(process.env);
  if (!needsKey(config)) return config;
  if (temporaryKey === undefined) throw new ConfigError('the new configuration', ['apiKeys: expected at least one']);
  config.apiKeys = atStart.apiKeys;
  return config;
}

async function main(shutdown: Shutdown): Promise<void> {
  if (cluster.isWorker) return runWorker(shutdown);
  shutdown.beginOnSignal(process.env.npm_lifecycle_event !== undefined);
  const configFile = new ConfigFile(process.env);
  const config = loadConfig(process.env);
  const temporaryKey = ensureKey(config);
  const load = (): GatewayConfig => loadAgain(config, temporaryKey);
  const { workers } = config.server;
  const workerCount = workers === 'auto' ? availableParallelism() : workers;
  const logger = workerCount === 1 ? createLogger(config.log.level) : createSharedLogger(config.log.level);
  const source = config.database === 'embedded' ? await openFile(config.dataDir) : undefined;
  const storage = source ? await openEmbedded(source) : await openStorage(config, systemClock, logger);
  const isProduction = process.env.NODE_ENV === 'production';
  const firstKeys = storage && (await prepareStorage(storage, config, isProduction, systemClock, logger));
  const prepared = { config, temporaryKey, firstKeys, configFile, load, shutdown, logger, storage };
  if (workerCount === 1) return runAlone(prepared);
  return runPrimary({ ...prepared, workerCount, databaseFile: source });
}

/** Resolves once the gateway serves; when it cannot, the process ends. */
export async function start(): Promise<void> {
  // A message that cannot be written, to a full disk or a closed pipe, must not end the process.
  process.stderr.on('error', () => undefined);
  const shutdown = new Shutdown();
  try {
    await main(shutdown);
  } catch (error) {
    // What fails because of the shutdown is no failure.
    if (shutdown.isUnderWay) return;
    process.stderr.write(`\n${explainStartFailure(error)}\n`);
    process.exit(1);
  }
}
