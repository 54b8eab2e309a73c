import { beforeEach, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';

import { uuidV7 } from '../../src/common/uuid-v7.js';
import { MIGRATIONS } from '../../src/storage/migrations/all-migrations.js';

import type { UsageRow } from '../../src/storage/schema.js';
import type { Storage } from '../../src/storage/storage.js';
import { writeToPostgres } from '../../src/usage/usage-statements.js';
import { UsageTables } from '../../src/usage/usage-tables.js';

import { describeOnDatabases, describeOnPostgres, openStorages } from '../support/databases.js';
import { SEED } from '../support/seed.js';
import { seededRandom } from '../support/seeded-random.js';

const DAY_S = 86_400;
/** The first second of a day. */
const START = 20_000 * DAY_S;

const random = seededRandom(SEED);
const oneOf = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T;

function usageRow(startedAt: number): UsageRow {
  return {
    id: uuidV7(startedAt * 1_000),
    request_id: 'request',
    started_at: startedAt,
    api_key_id: oneOf('a', 'b'),
    organization_id: 'org',
    project_id: oneOf('p', ''),
    user_id: oneOf('u', ''),
    model: oneOf('llama', 'mistral'),
    upstream: 'gpu',
    status: oneOf(200, 499, 502),
    error_code: '',
    is_stream: 1,
    prompt_tokens: Math.floor(random() * 100),
    completion_tokens: Math.floor(random() * 100),
    cached_tokens: 1,
    reasoning_tokens: 0,
    usage_source: 'upstream',
    duration_ms: 20,
    first_token_ms: oneOf(5, null),
    attempts: 1,
    resumes: 0,
  };
}

describeOnDatabases('the tables of usage', (newDatabase) => {
  const { open } = openStorages();
  let storage: Storage;
  let tables: UsageTables;

  beforeEach(async () => {
    storage = await open(await newDatabase());
    await storage.migrate();
    tables = new UsageTables(storage);
  });

  const write = (rows: readonly UsageRow[]): Promise<void> => tables.write(rows.map((each) => JSON.stringify(each)));

  const sumsOfWidth = (width: number): Promise<{ requests: number; tokens: number }> =>
    storage.read(async (db) => {
      const rows = await db.selectFrom('usage_sums').selectAll().where('width', '=', width).execute();
      return {
        requests: rows.reduce((sum, { requests }) => sum + requests, 0),
        tokens: rows.reduce((sum, each) => sum + each.prompt_tokens + each.completion_tokens, 0),
      };
    });

  const kept = (): Promise<UsageRow[]> => storage.read((db) => db.selectFrom('usage_rows').selectAll().execute());

  it('hold each row and its sums by the minute, hour and day once, however often it is written', async () => {
    const rows = Array.from({ length: 1_000 }, () => usageRow(START + Math.floor(random() * 3 * DAY_S)));
    const batches = [rows.slice(0, 500), rows.slice(300, 800), rows.slice(500), rows.slice(0, 10)];
    await Promise.all(batches.map(write));
    expect((await kept()).map(({ id }) => id).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    const tokens = rows.reduce((sum, each) => sum + each.prompt_tokens + each.completion_tokens, 0);
    for (const width of [60, 3_600, DAY_S]) expect(await sumsOfWidth(width)).toEqual({ requests: 1_000, tokens });
  });

  it('forget old rows and sums by the minute, and keep those by the hour and day', async () => {
    for (let batch = 0; batch < 6; batch++) await write(Array.from({ length: 400 }, (_, at) => usageRow(START + at)));
    const recent = usageRow(START + DAY_S);
    await write([recent]);
    await tables.forget(START + DAY_S);
    expect((await kept()).map(({ id }) => id)).toEqual([recent.id]);
    expect((await sumsOfWidth(60)).requests).toBe(1);
    expect((await sumsOfWidth(3_600)).requests).toBe(2_401);
    // As from a spool of that time.
    await write([usageRow(START)]);
    expect(await kept()).toHaveLength(2);
  });
});

describeOnPostgres('the partitions of usage', (newDatabase) => {
  const { open } = openStorages();

  const partitionsOf = (storage: Storage): Promise<string[]> =>
    storage.read(async (db) => {
      const found = sql<{ name: string }>`select inhrelid::regclass::text as name from pg_inherits
        where inhparent = 'usage_rows'::regclass order by 1`;
      return (await found.execute(db)).rows.map(({ name }) => name);
    });

  const rowAt = (second: number): string => JSON.stringify(usageRow(second));

  it('are one a day, made by the first gateway that needs it, and dropped as a whole', async () => {
    const options = await newDatabase();
    const replicas = await Promise.all([open(options), open(options)]);
    await replicas[0].migrate();
    expect(await partitionsOf(replicas[0])).toEqual([]);
    const [one, other] = replicas.map((storage) => new UsageTables(storage)) as [UsageTables, UsageTables];
    await Promise.all([one, other].map((tables) => tables.write([rowAt(START), rowAt(START + DAY_S)])));
    expect(await partitionsOf(replicas[0])).toEqual(['usage_rows_20241004', 'usage_rows_20241005']);
    await other.forget(START + DAY_S + 1);
    expect(await partitionsOf(replicas[0])).toEqual(['usage_rows_20241005']);
    // `one` takes the dropped partition for one that exists: the first write fails, the retry makes it.
    await expect(one.write([rowAt(START)])).rejects.toThrow();
    await one.write([rowAt(START)]);
    expect(await partitionsOf(replicas[0])).toEqual(['usage_rows_20241004', 'usage_rows_20241005']);
  });

  it('take over the rows of the release before, which goes on writing', async () => {
    const storage = await open(await newDatabase());
    await storage.read(async (db) => {
      const provider = { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) };
      await new Migrator({ db, provider }).migrateTo('2026-11-26-usage');
    });
    const old = [rowAt(START), rowAt(START + DAY_S)];
    await storage.read((db) => db.executeQuery(writeToPostgres(`[${old.join()}]`)));
    await storage.migrate();
    const tables = new UsageTables(storage);
    await tables.write([...old, rowAt(START + DAY_S + 5), rowAt(START + 2 * DAY_S)]);
    expect(await partitionsOf(storage)).toEqual(['usage_rows_20241006', 'usage_rows_before_20241006']);
    const count = await storage.read((db) => db.selectFrom('usage_rows').select('id').execute());
    expect(count).toHaveLength(4);
    await storage.read((db) => db.executeQuery(writeToPostgres(`[${rowAt(START)}]`)));
    await tables.forget(START + 2 * DAY_S);
    expect(await partitionsOf(storage)).toEqual(['usage_rows_20241006']);
  });
});
