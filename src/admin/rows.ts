import type { SelectQueryBuilder } from 'kysely';
import type { Schema } from '../storage/schema.js';

type Timed = 'organizations' | 'projects' | 'service_accounts' | 'api_keys' | 'audit_logs';

/** Rows by creation time (of events: `effective_at`), after the row with the id `after`. */
export function inOrder<T extends Timed, O>(
  rows: SelectQueryBuilder<Schema, T, O>,
  table: T,
  order: 'asc' | 'desc',
  after: string | undefined,
  limit: number,
): SelectQueryBuilder<Schema, T, O> {
  // Kysely's types cannot express the columns that several tables share.
  const query = rows as unknown as SelectQueryBuilder<Schema, 'projects', O>;
  const from = table as 'projects';
  const time = (table === 'audit_logs' ? 'effective_at' : 'created_at') as 'created_at';
  const ordered = query.orderBy(time, order).orderBy('id', order).limit(limit);
  if (after === undefined) return ordered as unknown as SelectQueryBuilder<Schema, T, O>;
  const comparison = order === 'asc' ? '>' : '<';
  const paged = ordered.where((row) => {
    const at = row.selectFrom(`${from} as cursor`).select(`cursor.${time}`).where('cursor.id', '=', after);
    const isSameTime = row.and([row(time, '=', at), row(`${from}.id`, comparison, after)]);
    return row.or([row(time, comparison, at), isSameTime]);
  });
  return paged as unknown as SelectQueryBuilder<Schema, T, O>;
}
