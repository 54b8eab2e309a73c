import type { ListQuery } from './list-query.js';
import { QueryReader } from './query-reader.js';
import { usageFiltersIn, type UsageFilter } from './usage-query.js';

/** `error`: what usage counts as an error, including streams that broke after their 200. */
export const STATUSES = ['2xx', '4xx', '5xx', 'error'] as const;
export type StatusClass = (typeof STATUSES)[number];

/** An id has 48 bits for the milliseconds. */
const LAST_SECOND = Math.floor((2 ** 48 - 1) / 1000);

/** How far a list goes back without `start_time`: a search for rare requests reads those of a day. */
const DEFAULT_SPAN_S = 86_400;

export interface UsageRequestsQuery {
  list: ListQuery;
  /** Unix seconds. */
  endedSince: number;
  status: StatusClass | undefined;
  filters: readonly (UsageFilter | readonly ['upstream', string[]])[];
}

/** `now` in Unix seconds. @throws {ValidationError} 422 with every problem. */
export function readUsageRequestsQuery(list: ListQuery, now: number): UsageRequestsQuery {
  const reader = new QueryReader(list.parameters);
  const start = reader.wholeNumber('start_time', 0, LAST_SECOND);
  const status = reader.oneOf('status', STATUSES);
  reader.check();
  return {
    list,
    endedSince: start ?? now - DEFAULT_SPAN_S,
    status,
    filters: [...usageFiltersIn(reader), ['upstream', reader.list('upstreams')]],
  };
}
