import { expect, it } from '@jest/globals';
import { systemClock } from '../../src/common/clock.js';
import { createLogger } from '../../src/observability/logger.js';
import { openStorage } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { describeOnDatabases, openStorages } from '../support/databases.js';
import { until, within } from '../support/wait.js';

const organization = (id: string, revision: number) => ({ id, name: id, created_at: 1, archived_at: null, revision });

describeOnDatabases('the storage', (newDatabase, postgres) => {
  const { open, closeAll } = openStorages();

  const idsIn = (storage: Storage): Promise<string[]> =>
    storage.read(async (db) =>
      (await db.selectFrom('organizations').select('id').orderBy('id').execute()).map(({ id }) => id),
    );

  it('makes its tables once, and keeps what was written', async () => {
    const options = await newDatabase();
    const storage = await open(options);
    await storage.migrate();
    await storage.write((trx, revision) =>
      trx.insertInto('organizations').values(organization('a', revision)).execute(),
    );
    await closeAll();
    const again = await open(options);
    await again.migrate();
    expect(await idsIn(again)).toEqual(['a']);
  });

  it('numbers the changes, and writes all of one or nothing', async () => {
    const storage = await open(await newDatabase());
    await storage.migrate();
    const failing = storage.write(async (trx, revision) => {
      await trx.insertInto('organizations').values(organization('lost', revision)).execute();
      await trx.insertInto('organizations').values(organization('lost', revision)).execute();
    });
    await expect(failing).rejects.toMatchObject({ status: 503, code: 'database_unavailable' });
    const revisions = await Promise.all(
      ['a', 'b', 'c'].map((id) =>
        storage.write(async (trx, revision) => {
          await trx.insertInto('organizations').values(organization(id, revision)).execute();
          return revision;
        }),
      ),
    );
    expect(revisions.toSorted()).toEqual([1, 2, 3]);
    expect(await idsIn(storage)).toEqual(['a', 'b', 'c']);
  });

  it('tells of a change', async () => {
    const options = await newDatabase();
    const storage = await open(options);
    await storage.migrate();
    let heard = 0;
    // On PostgreSQL, of another gateway.
    const listening = postgres() ? await open(options) : storage;
    listening.onChange(() => heard++);
    if (postgres()) await until('the first look', () => heard === 1);
    const before = heard;
    await storage.write(() => Promise.resolve());
    await until('news of the change', () => heard > before);
  });

  it('refuses a database that is newer than the program, and says so', async () => {
    const storage = await open(await newDatabase());
    await storage.migrate();
    const future = { name: '2999-01-01-future', timestamp: '2999' };
    await storage.read((db) =>
      db
        .insertInto('kysely_migration' as 'revisions')
        .values(future as never)
        .execute(),
    );
    await expect(storage.migrate()).rejects.toThrow('newer than this gateway');
  });

  it('says what to do when a second gateway opens the embedded file', async () => {
    const options = await newDatabase();
    await open(options);
    const second = openStorage(options, systemClock, createLogger('silent'));
    if (postgres()) await (await second)?.close();
    else await expect(within('the refusal', second)).rejects.toThrow(/another gateway uses this database.*DATA_DIR/);
  });
});
