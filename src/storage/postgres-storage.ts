import type { Clock } from '../common/clock.js';
import type { Logger } from '../observability/logger.js';
import { KyselyStorage } from './kysely-storage.js';
import { postgresDialect } from './postgres-dialect.js';
import { PostgresNews } from './postgres-news.js';
import type { Storage } from './storage.js';

/** PostgreSQL, shared by any number of gateways. */
export function postgresStorage(url: string, clock: Clock, logger: Logger): Storage {
  const dialect = postgresDialect(url, (err) => logger.warn({ err }, 'a connection to the database was lost'));
  const news = new PostgresNews(url, clock, () => storage.changed());
  const storage = new KyselyStorage('postgres', dialect, news);
  news.listen();
  return storage;
}
