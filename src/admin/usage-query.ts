import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import { WIDTHS } from '../usage/usage-sums.js';
import { listIn, notOneOf, wholeNumberIn } from './list-query.js';

/** OpenAI's names of what usage can be grouped by, and the columns of ours. */
export const GROUPS = {
  project_id: 'project_id',
  user_id: 'user_id',
  api_key_id: 'api_key_id',
  model: 'model',
} as const;
export type Group = keyof typeof GROUPS;

/** Of each width, as OpenAI's API: how many buckets a page has without `limit`, and at most. */
const BUCKETS = { '1m': [60, 1_440], '1h': [24, 168], '1d': [7, 31] } as const;

export interface UsageQuery {
  /** Unix seconds, at the beginning of a bucket. */
  startTime: number;
  /** Unix seconds; undefined: now. */
  endTime: number | undefined;
  /** Of a bucket, in seconds. */
  width: number;
  /** Buckets of a page. */
  limit: number;
  groups: Group[];
  filters: readonly UsageFilter[];
}

/** A column, and the values of it that are wanted; none: all. */
export type UsageFilter = readonly [(typeof GROUPS)[Group], string[]];

/** @throws {ValidationError} 422 with every problem. */
export function readUsageQuery(parameters: URLSearchParams): UsageQuery {
  const issues: Issue[] = [];
  const name = parameters.get('bucket_width') ?? '1d';
  const isWidth = name in WIDTHS;
  if (!isWidth) issues.push(notOneOf('bucket_width', Object.keys(WIDTHS)));
  const widthName = (isWidth ? name : '1d') as keyof typeof WIDTHS;
  const width = WIDTHS[widthName];
  const [defaultLimit, maxLimit] = BUCKETS[widthName];
  const limit = wholeNumberIn(parameters, 'limit', 1, maxLimit, issues) ?? defaultLimit;
  const start = wholeNumberIn(parameters, 'start_time', 0, Number.MAX_SAFE_INTEGER, issues);
  const end = wholeNumberIn(parameters, 'end_time', 0, Number.MAX_SAFE_INTEGER, issues);
  // A page is where its first bucket begins.
  const page = wholeNumberIn(parameters, 'page', 0, Number.MAX_SAFE_INTEGER, issues);
  if (!parameters.get('start_time')) {
    issues.push({ loc: ['query', 'start_time'], msg: 'Field required', type: 'missing' });
  }
  const groups = listIn(parameters, 'group_by');
  if (groups.some((group) => !(group in GROUPS))) issues.push(notOneOf('group_by', Object.keys(GROUPS)));
  const [first, ...others] = issues;
  if (first) throw new ValidationError([first, ...others]);
  const from = page ?? start ?? 0;
  return {
    startTime: from - (from % width),
    endTime: end,
    width,
    limit,
    groups: groups as Group[],
    filters: usageFiltersIn(parameters),
  };
}

export function usageFiltersIn(parameters: URLSearchParams): UsageFilter[] {
  return [
    [GROUPS.project_id, listIn(parameters, 'project_ids')],
    [GROUPS.user_id, listIn(parameters, 'user_ids')],
    [GROUPS.api_key_id, listIn(parameters, 'api_key_ids')],
    [GROUPS.model, listIn(parameters, 'models')],
  ];
}
