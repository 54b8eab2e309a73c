import { bounded } from '../common/bounded.js';
import { uuidV7 } from '../common/uuid-v7.js';
import type { Exchange } from '../observability/exchange.js';
import { isCount } from '../observability/usage.js';
import type { UsageRow } from '../storage/schema.js';

/** In UTF-16 units. Clients choose the names of models and users. */
const MAX_NAME = 256;

/** As JSON; undefined for an exchange that is no completion, or was refused before its body was checked. */
export function usageRowOf(exchange: Exchange): string | undefined {
  const { model, usage, estimatedUsage, keyId, firstByteAt, startedAt, endedAt } = exchange;
  if (model === undefined || keyId === undefined) return undefined;
  const counted = usage ?? estimatedUsage;
  const row: UsageRow = {
    id: uuidV7(endedAt),
    request_id: exchange.id,
    started_at: Math.floor(startedAt / 1000),
    api_key_id: keyId,
    organization_id: exchange.organization ?? '',
    project_id: exchange.project ?? '',
    user_id: bounded(exchange.user ?? '', MAX_NAME),
    model: bounded(exchange.status === 404 ? exchange.modelLabel : model, MAX_NAME),
    upstream: exchange.upstream ?? '',
    status: exchange.status,
    error_code: exchange.errorCode ?? '',
    is_stream: Number(exchange.stream),
    prompt_tokens: counted?.prompt_tokens ?? 0,
    completion_tokens: counted?.completion_tokens ?? 0,
    cached_tokens: detailOf(usage, 'prompt_tokens_details', 'cached_tokens'),
    reasoning_tokens: detailOf(usage, 'completion_tokens_details', 'reasoning_tokens'),
    usage_source: usage ? 'upstream' : estimatedUsage ? 'estimated' : 'none',
    duration_ms: Math.round(endedAt - startedAt),
    first_token_ms: exchange.stream && firstByteAt !== undefined ? Math.round(firstByteAt - startedAt) : null,
    attempts: exchange.attemptCount,
    resumes: exchange.resumeCount,
  };
  const json = JSON.stringify(row);
  // JSON escapes every character that a database cannot store.
  return json.includes('\\u') ? JSON.stringify(row, storable) : json;
}

/** PostgreSQL has neither NUL nor half a surrogate pair in a text. */
function storable(_: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}

/** Some engines count in more detail; others send anything there. */
function detailOf(usage: object | undefined, part: string, name: string): number {
  const details = (usage as Record<string, unknown> | undefined)?.[part] as Record<string, unknown> | null | undefined;
  const count = details?.[name];
  return isCount(count) ? count : 0;
}
