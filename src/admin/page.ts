import type { ListQuery } from './list-query.js';

/** A page of a list, as OpenAI's clients read it. */
export interface Page<T> {
  object: 'list';
  data: T[];
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}

interface Listed {
  id: string;
}

/** Rows of the database after `after`, in order, at most `limit` of them. */
type RowsAfter<T> = (after: string | undefined, limit: number) => Promise<T[]>;

/** A page of the items of the configuration, which come first, and those of the database. */
export async function pageOf<T extends Listed>(
  { after, limit }: ListQuery,
  configured: readonly T[],
  rowsAfter: RowsAfter<T>,
): Promise<Page<T>> {
  const at = configured.findIndex(({ id }) => id === after);
  const isAmongRows = after !== undefined && at === -1;
  const first = isAmongRows ? [] : configured.slice(at + 1);
  const rows = first.length > limit ? [] : await rowsAfter(isAmongRows ? after : undefined, limit + 1 - first.length);
  const all = [...first, ...rows];
  const data = all.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: all.length > limit,
  };
}
