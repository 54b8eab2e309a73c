import { type Kysely, sql } from 'kysely';
import { beforeUuidsV7, timeOfUuidV7 } from '../common/uuid-v7.js';
import type { Schema } from '../storage/schema.js';

const DAY_MS = 86_400_000;

/** Serializes the creation of partitions: `IF NOT EXISTS` does not help two at once. Any number that nobody else uses. */
const LOCK = 7_310_042;

interface Partition {
  name: string;
  /** Days since the epoch, UTC: those from `from` on, before `until`. */
  from: number;
  until: number;
}

/**
 * PostgreSQL keeps the rows of each day (UTC) in a partition, by the time in their ids. One is made when the first row of its day
 * is written, and dropped as a whole when it is old.
 */
export class UsagePartitions {
  private readonly made = new Set<number>();

  /** Creates the partitions for these rows, each a JSON object that begins with its id. */
  async make(db: Kysely<Schema>, rows: readonly string[]): Promise<void> {
    for (const row of rows) {
      const day = dayOfRow(row);
      if (!this.made.has(day)) await this.makeOne(db, day);
    }
  }

  /** After a failure: another process may have dropped one of them. */
  reconsider(): void {
    this.made.clear();
  }

  /** Drops partitions whose rows are all older than `before`, in Unix seconds. */
  async drop(db: Kysely<Schema>, before: number): Promise<void> {
    for (const { name, until } of await partitions(db)) {
      if (until * DAY_MS > before * 1000) continue;
      await sql`drop table if exists ${sql.table(name)}`.execute(db);
      this.reconsider();
    }
  }

  private async makeOne(db: Kysely<Schema>, day: number): Promise<void> {
    await db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
      if ((await partitions(trx)).some(({ from, until }) => from <= day && day < until)) return;
      const bounds = sql`from (${sql.lit(beforeUuidsV7(day * DAY_MS))}) to (${sql.lit(beforeUuidsV7((day + 1) * DAY_MS))})`;
      await sql`create table ${sql.table(partitionOf(day))} partition of usage_rows for values ${bounds}`.execute(trx);
    });
    this.made.add(day);
  }
}

function dayOfRow(row: string): number {
  return Math.floor(timeOfUuidV7(row.slice('{"id":"'.length)) / DAY_MS);
}

/** `usage_rows_20261127`; what was there before there were partitions is `usage_rows_before_20261128`. */
function partitionOf(day: number): string {
  return `usage_rows_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

async function partitions(db: Kysely<Schema>): Promise<Partition[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'usage_rows'::regclass`.execute(db);
  return rows.flatMap(({ name }) => {
    const [, isOld, year, month, date] = /^usage_rows_(before_)?(\d{4})(\d\d)(\d\d)$/.exec(name) ?? [];
    if (year === undefined) return [];
    const day = Date.UTC(Number(year), Number(month) - 1, Number(date)) / DAY_MS;
    return [isOld ? { name, from: -Infinity, until: day } : { name, from: day, until: day + 1 }];
  });
}
