import type { SelectQueryBuilder } from 'kysely';
import type { Schema } from '../storage/schema.js';

type Timed = 'organizations' | 'projects' | 'service_accounts' | 'api_keys';

/** Rows by the time of their creation, after the one with the id `after`. */
export function inOrder<T extends Timed, O>(
  rows: SelectQueryBuilder<Schema, T, O>,
  table: T,
  order: 'asc' | 'desc',
  after: string | undefined,
  limit: number,
): SelectQueryBuilder<Schema, T, O> {
  // Kysely's types know the columns of one table, and not those that several have.
  const query = rows as unknown as SelectQueryBuilder<Schema, 'projects', O>;
  const from = table as 'projects';
  const ordered = query.orderBy('created_at', order).orderBy('id', order).limit(limit);
  if (after === undefined) return ordered as unknown as SelectQueryBuilder<Schema, T, O>;
  const comparison = order === 'asc' ? '>' : '<';
  const paged = ordered.where((row) => {
    const at = row.selectFrom(`${from} as cursor`).select('cursor.created_at').where('cursor.id', '=', after);
    const isSameTime = row.and([row('created_at', '=', at), row(`${from}.id`, comparison, after)]);
    return row.or([row('created_at', comparison, at), isSameTime]);
  });
  return paged as unknown as SelectQueryBuilder<Schema, T, O>;
}
