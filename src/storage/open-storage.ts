import type { Clock } from '../common/clock.js';
import type { GatewayConfig } from '../config/config.js';
import type { Logger } from '../observability/logger.js';
import type { LeaseSource } from './lease.js';
import type { Storage } from './storage.js';

/**
 * The database that the configuration names; undefined for none. Its packages are loaded only where there is one.
 *
 * @throws {Error} with what to do, when the embedded one cannot be opened. PostgreSQL is connected when something is asked.
 */
export async function openStorage(
  { database, dataDir }: Pick<GatewayConfig, 'database' | 'dataDir'>,
  clock: Clock,
  logger: Logger,
): Promise<Storage | undefined> {
  if (database === 'none') return undefined;
  if (database === 'embedded') return openEmbedded(await openFile(dataDir));
  const { postgresStorage } = await import('./postgres-storage.js');
  return postgresStorage(database, clock, logger);
}

export async function openFile(dataDir: string): Promise<LeaseSource> {
  const { SqliteFile } = await import('./sqlite-file.js');
  return SqliteFile.open(dataDir);
}

/** `changed` notifies the other processes of this gateway of a write. */
export async function openEmbedded(source: LeaseSource, changed?: () => void): Promise<Storage> {
  const { KyselyStorage } = await import('./kysely-storage.js');
  const { sqliteDialect } = await import('./sqlite-dialect.js');
  return new KyselyStorage('embedded', sqliteDialect(source), changed ? { changed } : {});
}
