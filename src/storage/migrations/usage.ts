import type { CreateTableBuilder, Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Schema } from '../schema.js';

/** A row of each completion request, and their sums by the minute, hour and day. */
export const usage: Migration = {
  async up(db: Kysely<Schema>): Promise<void> {
    let rows = db.schema.createTable('usage_rows').addColumn('id', 'text', (column) => column.primaryKey());
    for (const name of TEXTS) rows = rows.addColumn(name, 'text', (column) => column.notNull());
    for (const name of NUMBERS) rows = rows.addColumn(name, 'bigint', (column) => column.notNull());
    await rows.addColumn('first_token_ms', 'bigint').execute();
    await db.schema.createIndex('usage_rows_by_time').on('usage_rows').columns(['started_at', 'id']).execute();

    let sums: CreateTableBuilder<'usage_sums', string> = db.schema.createTable('usage_sums');
    for (const name of SUM_NUMBERS) sums = sums.addColumn(name, 'bigint', (column) => column.notNull());
    for (const name of SUM_TEXTS) sums = sums.addColumn(name, 'text', (column) => column.notNull());
    await sums.addPrimaryKeyConstraint('usage_sums_key', ['width', 'start_time', ...SUM_TEXTS]).execute();
  },
};

const TEXTS = [
  'request_id',
  'api_key_id',
  'organization_id',
  'project_id',
  'user_id',
  'model',
  'upstream',
  'error_code',
  'usage_source',
] as const;

const NUMBERS = [
  'started_at',
  'status',
  'is_stream',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'duration_ms',
  'attempts',
  'resumes',
] as const;

const SUM_TEXTS = ['organization_id', 'project_id', 'api_key_id', 'user_id', 'model'] as const;

const SUM_NUMBERS = [
  'width',
  'start_time',
  'requests',
  'errors',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'duration_ms',
  'first_tokens',
  'first_token_ms',
] as const;
