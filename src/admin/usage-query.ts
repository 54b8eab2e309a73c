import { WIDTHS } from '../usage/usage-sums.js';
import { QueryReader } from './query-reader.js';

/** What usage can be grouped by: OpenAI's names, which our columns have too. */
export const GROUPS = ['project_id', 'user_id', 'api_key_id', 'model'] as const;
export type Group = (typeof GROUPS)[number];

/** OpenAI's page sizes for each width, in buckets: the default and the maximum. */
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

/** A column and the values to keep; an empty list keeps all. */
export type UsageFilter = readonly [Group, string[]];

/** @throws {ValidationError} 422 with every problem. */
export function readUsageQuery(parameters: URLSearchParams): UsageQuery {
  const reader = new QueryReader(parameters);
  const widthName = reader.oneOf('bucket_width', Object.keys(WIDTHS) as (keyof typeof WIDTHS)[]) ?? '1d';
  const width = WIDTHS[widthName];
  const [defaultLimit, maxLimit] = BUCKETS[widthName];
  const limit = reader.wholeNumber('limit', 1, maxLimit) ?? defaultLimit;
  const start = reader.requiredWholeNumber('start_time', 0, Number.MAX_SAFE_INTEGER);
  const endTime = reader.wholeNumber('end_time', 0, Number.MAX_SAFE_INTEGER);
  // `next_page` is the start of a bucket.
  const from = reader.wholeNumber('page', 0, Number.MAX_SAFE_INTEGER) ?? start;
  const groups = reader.listOf('group_by', GROUPS);
  reader.check();
  return { startTime: from - (from % width), endTime, width, limit, groups, filters: usageFiltersIn(reader) };
}

export function usageFiltersIn(reader: QueryReader): UsageFilter[] {
  return [
    ['project_id', reader.list('project_ids')],
    ['user_id', reader.list('user_ids')],
    ['api_key_id', reader.list('api_key_ids')],
    ['model', reader.list('models')],
  ];
}
