import type { ExpressionBuilder, Kysely } from 'kysely';
import type { Schema, UsageRow } from '../storage/schema.js';
import type { Storage } from '../storage/storage.js';
import type { UsageSink } from './usage-recorder.js';
import { ADDENDS, sumsOf, WIDTHS } from './usage-sums.js';

/** Rows that one statement deletes: other statements come in between. */
const MAX_DELETED = 1_000;

/** The tables of usage. */
export class UsageTables implements UsageSink {
  constructor(private readonly storage: Pick<Storage, 'read'>) {}

  /** In one transaction the rows and what they add to the sums: a row that is there already adds nothing again. */
  write(rows: readonly UsageRow[]): Promise<void> {
    return this.storage.read((db) =>
      db.transaction().execute(async (trx) => {
        const insert = trx.insertInto('usage_rows').values([...rows]);
        const added = await insert
          .onConflict((conflict) => conflict.column('id').doNothing())
          .returning('id')
          .execute();
        if (added.length > 0) await addSums(trx, onlyAdded(rows, added));
      }),
    );
  }

  /** Deletes what is older than `before` (Unix seconds), a little at a time; the sums of hours and days stay. */
  async forget(before: number): Promise<void> {
    for (let isMore = true; isMore;) {
      const deleted = await this.storage.read((db) => deleteSome(db, before));
      isMore = deleted === MAX_DELETED;
    }
    await this.storage.read((db) =>
      db.deleteFrom('usage_sums').where('width', '=', WIDTHS['1m']).where('start_time', '<', before).execute(),
    );
  }
}

function onlyAdded(rows: readonly UsageRow[], added: readonly { id: string }[]): UsageRow[] {
  const ids = new Set(added.map(({ id }) => id));
  return rows.filter(({ id }) => ids.has(id));
}

async function addSums(db: Kysely<Schema>, rows: readonly UsageRow[]): Promise<void> {
  const key = ['width', 'start_time', 'organization_id', 'project_id', 'api_key_id', 'user_id', 'model'] as const;
  const added = (each: ExpressionBuilder<Schema & { excluded: Schema['usage_sums'] }, 'usage_sums' | 'excluded'>) =>
    Object.fromEntries(ADDENDS.map((name) => [name, each(`usage_sums.${name}`, '+', each.ref(`excluded.${name}`))]));
  const insert = db.insertInto('usage_sums').values(sumsOf(rows));
  await insert.onConflict((conflict) => conflict.columns(key).doUpdateSet((each) => added(each))).execute();
}

async function deleteSome(db: Kysely<Schema>, before: number): Promise<number> {
  const oldest = db.selectFrom('usage_rows').select('id').where('started_at', '<', before);
  const result = await db
    .deleteFrom('usage_rows')
    .where('id', 'in', oldest.orderBy('started_at').limit(MAX_DELETED))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
