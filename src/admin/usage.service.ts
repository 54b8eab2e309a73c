import { Injectable } from '@nestjs/common';
import type { Actor } from './actor.js';
import { Administration } from './administration.js';
import type { CompletionsUsageDto, UsageBucketDto, UsagePageDto } from './dto/usage.dto.js';
import { type Group, GROUPS, type UsageQuery } from './usage-query.js';

/** OpenAI's names, and ours where it has none, for the columns to sum. */
const RESULTS = {
  input_tokens: 'prompt_tokens',
  output_tokens: 'completion_tokens',
  input_cached_tokens: 'cached_tokens',
  num_model_requests: 'requests',
  num_errors: 'errors',
  duration_ms: 'duration_ms',
  num_first_tokens: 'first_tokens',
  first_token_ms: 'first_token_ms',
} as const;
type ResultName = keyof typeof RESULTS;

/** PostgreSQL returns sums as text. */
type Sums = Record<ResultName, number | string> & Partial<Record<Group, string> & Names> & { start_time: number };

/** Names of what usage rows refer to by id. */
interface Names {
  project_name: string | null;
  api_key_name: string | null;
}

/** Usage by buckets of time. */
@Injectable()
export class UsageService {
  constructor(private readonly administration: Administration) {}

  /** Includes empty buckets, as OpenAI does. */
  async completions(actor: Actor, query: UsageQuery): Promise<UsagePageDto> {
    const { startTime, width, limit } = query;
    const endTime = query.endTime ?? this.administration.now + 1;
    const count = Math.max(0, Math.min(limit, Math.ceil((endTime - startTime) / width)));
    const nextTime = startTime + count * width;
    const found = Map.groupBy(await this.sums(actor, query, nextTime), ({ start_time: time }) => time);
    const data = Array.from({ length: count }, (_, index): UsageBucketDto => {
      const time = startTime + index * width;
      const results = (found.get(time) ?? []).map(toResult);
      return { object: 'bucket', start_time: time, end_time: time + width, results };
    });
    const isMore = nextTime < endTime;
    return { object: 'page', data, has_more: isMore, next_page: isMore ? String(nextTime) : null };
  }

  /** An administrator of the gateway who names no organization sees the usage of all, and of keys without one. */
  private sums({ organization }: Actor, query: UsageQuery, endTime: number): Promise<Sums[]> {
    const { width, startTime, groups, filters } = query;
    return this.administration.read(async (db) => {
      const columns = ['start_time', ...groups] as const;
      let rows = db
        .selectFrom('usage_sums')
        .select([...columns])
        .select((each) =>
          Object.entries(RESULTS).map(([name, column]) => each.fn.sum<number | string>(column).as(name as ResultName)),
        )
        .select((each) => {
          const project = each.selectFrom('projects').select('name').whereRef('id', '=', 'usage_sums.project_id');
          const key = each.selectFrom('api_keys').select('name').whereRef('id', '=', 'usage_sums.api_key_id');
          return [
            ...(groups.includes('project_id') ? [project.as('project_name')] : []),
            ...(groups.includes('api_key_id') ? [key.as('api_key_name')] : []),
          ];
        })
        .where('width', '=', width)
        .where('start_time', '>=', startTime)
        .where('start_time', '<', endTime);
      if (organization !== undefined) rows = rows.where('organization_id', '=', organization);
      for (const [column, values] of filters) if (values.length > 0) rows = rows.where(column, 'in', values);
      return await rows
        .groupBy([...columns])
        .orderBy('start_time')
        .execute();
    });
  }
}

function toResult(sums: Sums): CompletionsUsageDto {
  return {
    object: 'organization.usage.completions.result',
    ...(Object.fromEntries((Object.keys(RESULTS) as ResultName[]).map((name) => [name, Number(sums[name])])) as Record<
      ResultName,
      number
    >),
    ...(Object.fromEntries(GROUPS.map((group) => [group, groupOf(sums[group])])) as Record<Group, string | null>),
    project_name: sums.project_name ?? null,
    api_key_name: sums.api_key_name ?? null,
    batch: null,
    service_tier: null,
  };
}

/** Null when it is not grouped by, or empty, like the project of a key without one. */
function groupOf(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
