import type { UsageRow, UsageSum } from '../storage/schema.js';

/** Seconds. */
export const WIDTHS = { '1m': 60, '1h': 3_600, '1d': 86_400 } as const;

/** What rows add to the sums of each width, in the order of their keys: two writers lock the same rows in the same order. */
export function sumsOf(rows: readonly UsageRow[]): UsageSum[] {
  const sums = new Map<string, UsageSum>();
  for (const row of rows) {
    for (const width of Object.values(WIDTHS)) {
      const startTime = row.started_at - (row.started_at % width);
      const { organization_id, project_id, api_key_id, user_id, model } = row;
      const key = JSON.stringify([width, startTime, organization_id, project_id, api_key_id, user_id, model]);
      const sum = sums.get(key) ?? {
        width,
        start_time: startTime,
        organization_id,
        project_id,
        api_key_id,
        user_id,
        model,
        ...NOTHING,
      };
      sums.set(key, sum);
      add(sum, row);
    }
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}

/** What is added up. */
export const ADDENDS = [
  'requests',
  'errors',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'duration_ms',
  'first_tokens',
  'first_token_ms',
] as const;

const NOTHING = Object.fromEntries(ADDENDS.map((name) => [name, 0])) as Record<(typeof ADDENDS)[number], number>;

function add(sum: UsageSum, row: UsageRow): void {
  sum.requests++;
  if (row.status !== 200 || row.error_code !== '') sum.errors++;
  sum.prompt_tokens += row.prompt_tokens;
  sum.completion_tokens += row.completion_tokens;
  sum.cached_tokens += row.cached_tokens;
  sum.duration_ms += row.duration_ms;
  if (row.first_token_ms === null) return;
  sum.first_tokens++;
  sum.first_token_ms += row.first_token_ms;
}
