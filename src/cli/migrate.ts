import { systemClock } from '../common/clock.js';
import { loadConfig } from '../config/load-config.js';
import { createLogger } from '../observability/logger.js';
import { openStorage } from '../storage/open-storage.js';

/** `npm run migrate`: migrates the configured database, as the gateway does at its start. */

try {
  const storage = await openStorage(loadConfig(process.env), systemClock, createLogger('silent'));
  if (!storage) throw new Error('No database is configured: set `database` in gateway.yaml, or DATABASE.');
  await storage.migrate();
  await storage.close();
  process.stdout.write('The database is up to date.\n');
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
