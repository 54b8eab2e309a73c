import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/common/clock.js';
import { createLogger } from '../../src/observability/logger.js';
import { openStorage } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { describeUnless } from './describe-unless.js';
import { Postgres, POSTGRES_BIN } from './postgres.js';

/** The options of a gateway on a new, empty database. */
export interface DatabaseOptions {
  database: string;
  dataDir: string;
}

export type NewDatabase = () => Promise<DatabaseOptions>;

/** The tests on the embedded database, and on PostgreSQL, where they are skipped, with the reason, if none is installed. */
export function describeOnDatabases(
  name: string,
  tests: (newDatabase: NewDatabase, postgres: () => Postgres | undefined) => void,
): void {
  describe(`${name}, embedded`, () => {
    const newDataDir = dataDirs();
    tests(
      () => Promise.resolve({ database: 'embedded', dataDir: newDataDir() }),
      () => undefined,
    );
  });
  describeOnPostgres(name, tests);
}

/**
 * Makes folders, which are removed after the tests of this `describe`. Usage is spooled there, on PostgreSQL too: no two
 * gateways share one.
 */
export function dataDirs(): () => string {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'data-'));
    folders.push(folder);
    return folder;
  };
}

/** Tests on PostgreSQL only. */
export function describeOnPostgres(
  name: string,
  tests: (newDatabase: NewDatabase, postgres: () => Postgres) => void,
): void {
  const bin = POSTGRES_BIN;
  if (bin === undefined) {
    const reason = 'PostgreSQL is not installed: set POSTGRES_BIN, as .ci/storage-tools FOLDER does';
    describeUnless(reason, `${name}, on PostgreSQL`, () => tests(unavailable, unavailable));
    return;
  }
  describe(`${name}, on PostgreSQL`, () => {
    const newDataDir = dataDirs();
    let postgres: Postgres;
    beforeAll(async () => {
      postgres = await Postgres.start(bin);
    }, 60_000);
    afterAll(() => postgres.remove());
    tests(
      async () => ({ database: await postgres.newDatabase(), dataDir: newDataDir() }),
      () => postgres,
    );
  });
}

export async function storageOn(database: DatabaseOptions, clock: Clock = systemClock): Promise<Storage> {
  const storage = await openStorage(database, clock, createLogger('silent'));
  if (!storage) throw new Error('no storage');
  return storage;
}

/** Opens storages, which are closed after each test of this `describe`, or before by `closeAll`. */
export function openStorages(): {
  open: (database: DatabaseOptions) => Promise<Storage>;
  closeAll: () => Promise<void>;
} {
  const storages: Storage[] = [];
  const closeAll = async (): Promise<void> => {
    for (const storage of storages.splice(0)) await storage.close();
  };
  afterEach(closeAll);
  const open = async (database: DatabaseOptions): Promise<Storage> => {
    const storage = await storageOn(database);
    storages.push(storage);
    return storage;
  };
  return { open, closeAll };
}

function unavailable(): never {
  throw new Error('PostgreSQL is not installed');
}
