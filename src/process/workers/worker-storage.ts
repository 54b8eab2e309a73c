import { systemClock } from '../../common/clock.js';
import type { GatewayConfig } from '../../config/config.js';
import type { Logger } from '../../observability/logger.js';
import { openEmbedded, openStorage } from '../../storage/open-storage.js';
import type { Storage } from '../../storage/storage.js';
import type { PrimaryChannel } from './primary-channel.js';
import { RemoteDatabase } from './remote-database.js';

/** The database as a worker has it: a PostgreSQL itself, the embedded one through the primary. */
export async function openWorkerStorage(
  config: GatewayConfig,
  channel: PrimaryChannel,
  logger: Logger,
): Promise<Storage | undefined> {
  if (config.database !== 'embedded') return openStorage(config, systemClock, logger);
  return openEmbedded(new RemoteDatabase(channel), () => void channel.send({ type: 'databaseChanged' }));
}
