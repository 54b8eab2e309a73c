import type { Kysely } from 'kysely';
import type { Schema } from '../storage/schema.js';
import type { Storage } from '../storage/storage.js';
import type { UsageSink } from './usage-recorder.js';
import { addSumsAfter, insertEach, LAST_ROW, writeToPostgres } from './usage-statements.js';
import { UsagePartitions } from './usage-partitions.js';
import { WIDTHS } from './usage-sums.js';

/** Rows that one statement deletes, so that others can run in between. */
const MAX_DELETED = 1_000;

/** The tables of usage. */
export class UsageTables implements UsageSink {
  private readonly partitions = new UsagePartitions();

  constructor(private readonly storage: Pick<Storage, 'kind' | 'read'>) {}

  /** Writes the rows and adds them to the sums in one transaction. A row that is already there adds nothing. */
  async write(rows: readonly string[]): Promise<void> {
    const json = `[${rows.join()}]`;
    await this.storage.read(async (db) => {
      if (this.storage.kind === 'postgres') return this.writeToPartitions(db, rows, json);
      return db.transaction().execute(async (trx) => {
        const [before] = (await trx.executeQuery(LAST_ROW)).rows;
        await trx.executeQuery(insertEach(json));
        return trx.executeQuery(addSumsAfter(before?.last ?? 0));
      });
    });
  }

  /** Deletes what is older than `before` (Unix seconds), PostgreSQL's rows by whole days; the sums of hours and days stay. */
  async forget(before: number): Promise<void> {
    if (this.storage.kind === 'postgres') await this.storage.read((db) => this.partitions.drop(db, before));
    else await this.deleteRows(before);
    await this.storage.read((db) =>
      db.deleteFrom('usage_sums').where('width', '=', WIDTHS['1m']).where('start_time', '<', before).execute(),
    );
  }

  private async writeToPartitions(db: Kysely<Schema>, rows: readonly string[], json: string): Promise<void> {
    try {
      await this.partitions.make(db, rows);
      await db.executeQuery(writeToPostgres(json));
    } catch (error) {
      this.partitions.reconsider();
      throw error;
    }
  }

  private async deleteRows(before: number): Promise<void> {
    for (let isMore = true; isMore;) {
      const deleted = await this.storage.read((db) => deleteSome(db, before));
      isMore = deleted === MAX_DELETED;
    }
  }
}

async function deleteSome(db: Kysely<Schema>, before: number): Promise<number> {
  const oldest = db.selectFrom('usage_rows').select('id').where('started_at', '<', before);
  const result = await db
    .deleteFrom('usage_rows')
    .where('id', 'in', oldest.orderBy('started_at').limit(MAX_DELETED))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
