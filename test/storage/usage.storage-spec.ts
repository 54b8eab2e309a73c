import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '../../src/common/clock.js';
import { openStorage } from '../../src/storage/open-storage.js';
import type { UsageRow } from '../../src/storage/schema.js';
import type { Storage } from '../../src/storage/storage.js';
import { UsageTables } from '../../src/usage/usage-tables.js';
import { createLogger } from '../../src/observability/logger.js';
import { describeOnDatabases } from '../support/databases.js';
import { SEED } from '../support/seed.js';
import { seededRandom } from '../support/seeded-random.js';

const DAY_S = 86_400;
/** The first second of a day. */
const START = 20_000 * DAY_S;

describeOnDatabases('the tables of usage', (newDatabase) => {
  let storage: Storage;
  let tables: UsageTables;

  beforeEach(async () => {
    const opened = await openStorage(await newDatabase(), systemClock, createLogger('silent'));
    if (!opened) throw new Error('no storage');
    storage = opened;
    await storage.migrate();
    tables = new UsageTables(storage);
  });

  afterEach(() => storage.close());

  const write = (rows: readonly UsageRow[]): Promise<void> => tables.write(rows.map((each) => JSON.stringify(each)));

  const random = seededRandom(SEED);
  const oneOf = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T;

  function row(id: string, startedAt: number): UsageRow {
    return {
      id,
      request_id: `request ${id}`,
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

  const sumsOfWidth = (width: number): Promise<{ requests: number; tokens: number }> =>
    storage.read(async (db) => {
      const rows = await db.selectFrom('usage_sums').selectAll().where('width', '=', width).execute();
      return {
        requests: rows.reduce((sum, { requests }) => sum + requests, 0),
        tokens: rows.reduce((sum, each) => sum + each.prompt_tokens + each.completion_tokens, 0),
      };
    });

  const kept = (): Promise<UsageRow[]> => storage.read((db) => db.selectFrom('usage_rows').selectAll().execute());

  it('hold each row once, and its sums by the minute, hour and day, whoever writes it how often', async () => {
    const rows = Array.from({ length: 1_000 }, (_, at) => row(String(at), START + Math.floor(random() * 3 * DAY_S)));
    const batches = [rows.slice(0, 500), rows.slice(300, 800), rows.slice(500), rows.slice(0, 10)];
    await Promise.all(batches.map(write));
    expect((await kept()).map(({ id }) => id).toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    const tokens = rows.reduce((sum, each) => sum + each.prompt_tokens + each.completion_tokens, 0);
    for (const width of [60, 3_600, DAY_S]) expect(await sumsOfWidth(width)).toEqual({ requests: 1_000, tokens });
  });

  it('forget old rows and sums by the minute, and keep those by the hour and day', async () => {
    const old = Array.from({ length: 400 }, (_, at) => row(`old ${at}`, START + at));
    for (let batch = 0; batch < 6; batch++) await write(old.map((each) => ({ ...each, id: `${each.id} ${batch}` })));
    await write([row('new', START + DAY_S)]);
    await tables.forget(START + DAY_S);
    expect((await kept()).map(({ id }) => id)).toEqual(['new']);
    expect((await sumsOfWidth(60)).requests).toBe(1);
    expect((await sumsOfWidth(3_600)).requests).toBe(2_401);
  });
});
