import { type CompiledQuery, type Dialect, Kysely, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { databaseUnavailable, isDatabaseError } from './database-unavailable.js';
import { MIGRATIONS } from './migrations/all-migrations.js';
import type { Schema } from './schema.js';
import type { Storage } from './storage.js';

/** Tells other processes of changes. */
export interface ChangeNews {
  /** Runs in the changing transaction; undefined when no statement is needed. */
  statement?(revision: number): CompiledQuery;
  /** Called after the transaction. */
  changed?(): void;
  close?(): Promise<void>;
}

export class KyselyStorage implements Storage {
  private readonly db: Kysely<Schema>;
  private readonly listeners: (() => void)[] = [];

  constructor(
    readonly kind: Storage['kind'],
    dialect: Dialect,
    private readonly news: ChangeNews,
  ) {
    this.db = new Kysely<Schema>({ dialect });
  }

  async read<T>(query: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    try {
      return await query(this.db);
    } catch (error) {
      throw publicError(error);
    }
  }

  async write<T>(change: (trx: Transaction<Schema>, revision: number) => Promise<T>): Promise<T> {
    try {
      const result = await this.db.transaction().execute(async (trx) => {
        const revision = await nextRevision(trx);
        const changed = await change(trx, revision);
        const statement = this.news.statement?.(revision);
        if (statement) await trx.executeQuery(statement);
        return changed;
      });
      this.news.changed?.();
      this.changed();
      return result;
    } catch (error) {
      throw publicError(error);
    }
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** To be called when something was written. */
  changed(): void {
    for (const listener of this.listeners) listener();
  }

  async migrate(): Promise<void> {
    const provider = { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) };
    const { error } = await new Migrator({ db: this.db, provider }).migrateToLatest();
    if (!error) return;
    const { message } = error as Error;
    if (/corrupted migrations/i.test(message)) {
      throw new Error(
        'The database is newer than this gateway: start the release that it was used with, or a later one.',
        {
          cause: error,
        },
      );
    }
    throw error as Error;
  }

  async close(): Promise<void> {
    await this.news.close?.();
    await this.db.destroy();
  }
}

/** The row is locked until the transaction ends: revisions appear in their order. */
async function nextRevision(trx: Transaction<Schema>): Promise<number> {
  const { value } = await trx
    .updateTable('revisions')
    .set((each) => ({ value: each('value', '+', 1) }))
    .where('id', '=', 1)
    .returning('value')
    .executeTakeFirstOrThrow();
  return value;
}

/** Errors that are not the database's pass through unchanged. */
function publicError(error: unknown): unknown {
  return isDatabaseError(error) ? databaseUnavailable(error) : error;
}
