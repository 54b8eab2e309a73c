import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { beforeUuidsV7, timeOfUuidV7 } from '../../common/uuid-v7.js';
import type { Schema } from '../schema.js';

const DAY_MS = 86_400_000;

/**
 * PostgreSQL's `usage_rows` in partitions by the time in their ids, so that old ones go as a whole. What is there already is one
 * partition, up to the end of the day of its last row.
 */
export const usagePartitions: Migration = {
  async up(db: Kysely<Schema>): Promise<void> {
    if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return;
    const run = (statement: string): Promise<unknown> => sql.raw(statement).execute(db);
    await run('alter table usage_rows rename to usage_rows_before');
    await run('alter index usage_rows_pkey rename to usage_rows_before_pkey');
    await run('alter index usage_rows_by_time rename to usage_rows_before_by_time');
    await run('create table usage_rows (like usage_rows_before) partition by range (id)');
    await run('alter table usage_rows add primary key (id)');
    await run('create index usage_rows_by_time on usage_rows (started_at, id)');
    const { rows } = await sql<{ last: string | null }>`select max(id) as last from usage_rows_before`.execute(db);
    const last = rows[0]?.last;
    if (typeof last !== 'string') {
      await run('drop table usage_rows_before');
      return;
    }
    const end = (Math.floor(timeOfUuidV7(last) / DAY_MS) + 1) * DAY_MS;
    const name = `usage_rows_before_${new Date(end).toISOString().slice(0, 10).replaceAll('-', '')}`;
    await run(`alter table usage_rows_before rename to ${name}`);
    await run(
      `alter table usage_rows attach partition ${name} for values from (minvalue) to ('${beforeUuidsV7(end)}')`,
    );
  },
};
