import { Injectable } from '@nestjs/common';
import type { Kysely } from 'kysely';
import { beforeUuidsV7 } from '../common/uuid-v7.js';
import type { Schema, UsageRow } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { Administration } from './administration.js';
import type { UsageRequestDto } from './dto/usage.dto.js';
import type { ListQuery } from './list-query.js';
import { type Page, pageOf } from './page.js';
import { readUsageRequestsQuery, type StatusClass, type UsageRequestsQuery } from './usage-requests-query.js';

/** Joined from the key of a row. */
interface KeyName {
  api_key_name: string | null;
}

/** Single requests within the retention, newest first. */
@Injectable()
export class UsageRequestsService {
  constructor(private readonly administration: Administration) {}

  /** An administrator of the gateway who names no organization sees the requests of all, and of keys without one. */
  async list({ organization }: Actor, list: ListQuery): Promise<Page<UsageRequestDto>> {
    const query = readUsageRequestsQuery(list, this.administration.now);
    return pageOf(list, [], (after, limit) =>
      this.administration.read(async (db) => {
        const all = rowsOf(db, query).limit(limit);
        const page = after === undefined ? all : all.where('usage_rows.id', list.order === 'asc' ? '>' : '<', after);
        const rows = organization === undefined ? page : page.where('usage_rows.organization_id', '=', organization);
        return (await rows.execute()).map(toUsageRequest);
      }),
    );
  }
}

/** Ordered by the primary key, which begins with the time: a page reads few rows beyond its own. */
function rowsOf(db: Kysely<Schema>, { list, endedSince, status, filters }: UsageRequestsQuery) {
  let rows = db
    .selectFrom('usage_rows')
    .leftJoin('api_keys', 'api_keys.id', 'usage_rows.api_key_id')
    .selectAll('usage_rows')
    .select('api_keys.name as api_key_name')
    .where('usage_rows.id', '>=', beforeUuidsV7(endedSince * 1000))
    .orderBy('usage_rows.id', list.order);
  for (const [column, values] of filters) {
    if (values.length > 0) rows = rows.where(`usage_rows.${column}`, 'in', values);
  }
  if (status === 'error') return rows.where((row) => row.or([row('status', '!=', 200), row('error_code', '!=', '')]));
  if (status === undefined) return rows;
  const least = LEAST[status];
  return rows.where('status', '>=', least).where('status', '<', least + 100);
}

const LEAST: Readonly<Record<Exclude<StatusClass, 'error'>, number>> = { '2xx': 200, '4xx': 400, '5xx': 500 };

function toUsageRequest(row: UsageRow & KeyName): UsageRequestDto {
  return {
    object: 'organization.usage.request',
    id: row.id,
    request_id: row.request_id,
    started_at: row.started_at,
    api_key_id: row.api_key_id,
    api_key_name: row.api_key_name,
    project_id: row.project_id || null,
    user_id: row.user_id || null,
    model: row.model,
    upstream: row.upstream || null,
    status: row.status,
    error_code: row.error_code || null,
    stream: row.is_stream === 1,
    input_tokens: row.prompt_tokens,
    output_tokens: row.completion_tokens,
    input_cached_tokens: row.cached_tokens,
    usage_source: row.usage_source,
    duration_ms: row.duration_ms,
    first_token_ms: row.first_token_ms,
    attempts: row.attempts,
    resumes: row.resumes,
  };
}
