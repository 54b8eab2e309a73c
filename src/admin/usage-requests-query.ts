import { ValidationError } from '../errors/validation-error.js';
import type { Issue } from '../errors/api-error.js';
import { listIn, notOneOf, type ListQuery, wholeNumberIn } from './list-query.js';
import { usageFiltersIn, type UsageFilter } from './usage-query.js';

/** `error` is what usage counts as one: a stream that broke after its 200 is among them. */
export const STATUSES = ['2xx', '4xx', '5xx', 'error'] as const;
export type StatusClass = (typeof STATUSES)[number];

/** An id has 48 bits for the milliseconds. */
const LAST_SECOND = Math.floor((2 ** 48 - 1) / 1000);

/** Without `start_time` a list goes so far back: rare requests are looked for among those of a day. */
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
  const { parameters } = list;
  const issues: Issue[] = [];
  const start = wholeNumberIn(parameters, 'start_time', 0, LAST_SECOND, issues);
  const status = parameters.get('status') ?? undefined;
  if (status !== undefined && !STATUSES.some((each) => each === status)) issues.push(notOneOf('status', STATUSES));
  const [first, ...others] = issues;
  if (first) throw new ValidationError([first, ...others]);
  return {
    list,
    endedSince: start ?? now - DEFAULT_SPAN_S,
    status: status as StatusClass | undefined,
    filters: [...usageFiltersIn(parameters), ['upstream', listIn(parameters, 'upstreams')]],
  };
}
