import { type FirstKeys, hasAdminKey, makeFirstKeys } from '../admin/first-keys.js';
import type { Clock } from '../common/clock.js';
import type { GatewayConfig } from '../config/config.js';
import { ConfigError } from '../config/load-config.js';
import { ApiError } from '../errors/api-error.js';
import type { Logger } from '../observability/logger.js';
import { isDatabaseError } from '../storage/database-unavailable.js';
import type { Storage } from '../storage/storage.js';

/** Whether the configuration has credentials. */
export function hasCredentials({ apiKeys, auth }: GatewayConfig): boolean {
  return apiKeys.length > 0 || auth.jwt.issuer !== undefined;
}

/**
 * Migrates the tables and, except in production, gives an empty database its first keys. When the database does not answer,
 * the gateway logs it, starts all the same and tries again (see `KeyDirectory`).
 *
 * @throws {Error} for whoever starts the gateway, when the database is newer than this program, or no key exists.
 */
export async function prepareStorage(
  storage: Storage,
  config: GatewayConfig,
  isProduction: boolean,
  clock: Clock,
  logger: Logger,
): Promise<FirstKeys | undefined> {
  try {
    await storage.migrate();
    if (!isProduction) return await makeFirstKeys(storage, clock);
    if (hasCredentials(config) || (await hasAdminKey(storage, Math.floor(clock.now() / 1000)))) return undefined;
  } catch (err) {
    if (!(err instanceof ApiError || isDatabaseError(err))) throw err;
    logger.error({ err }, 'the database does not answer; the gateway starts, and tries it again every 5 s');
    return undefined;
  }
  throw new ConfigError('NODE_ENV=production', [
    'ADMIN_API_KEYS: the database has no admin key yet; set one here, or make one with `npm run key -- --admin`',
  ]);
}
