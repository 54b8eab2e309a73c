import { CompiledQuery } from 'kysely';
import type { EachRow } from '../storage/lease.js';
import type { UsageRow, UsageSum } from '../storage/schema.js';
import { WIDTHS } from './usage-sums.js';

/** The columns of a row, with their types in PostgreSQL. */
const COLUMNS: Readonly<Record<keyof UsageRow, 'text' | 'bigint'>> = {
  id: 'text',
  request_id: 'text',
  started_at: 'bigint',
  api_key_id: 'text',
  organization_id: 'text',
  project_id: 'text',
  user_id: 'text',
  model: 'text',
  upstream: 'text',
  status: 'bigint',
  error_code: 'text',
  is_stream: 'bigint',
  prompt_tokens: 'bigint',
  completion_tokens: 'bigint',
  cached_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  usage_source: 'text',
  duration_ms: 'bigint',
  first_token_ms: 'bigint',
  attempts: 'bigint',
  resumes: 'bigint',
};
const NAMES = Object.keys(COLUMNS);

type SumKey = 'organization_id' | 'project_id' | 'api_key_id' | 'user_id' | 'model';
const SUM_KEYS = ['organization_id', 'project_id', 'api_key_id', 'user_id', 'model'] satisfies SumKey[];

/** What rows add to a sum. */
const ADDENDS: Readonly<Record<Exclude<keyof UsageSum, SumKey | 'width' | 'start_time'>, string>> = {
  requests: 'count(*)',
  errors: "sum(case when status = 200 and error_code = '' then 0 else 1 end)",
  prompt_tokens: 'sum(prompt_tokens)',
  completion_tokens: 'sum(completion_tokens)',
  cached_tokens: 'sum(cached_tokens)',
  duration_ms: 'sum(duration_ms)',
  first_tokens: 'count(first_token_ms)',
  first_token_ms: 'coalesce(sum(first_token_ms), 0)',
};

const INSERT_ROWS = `insert into usage_rows (${NAMES.join()})`;

/** Adds the rows of `source` to the sums of each width, in a fixed order, so that two writers lock in the same order. */
function addSums(source: string): string {
  const key = ['width', 'start_time', ...SUM_KEYS].join();
  const widths = Object.values(WIDTHS).map((width) => `select ${width} as width`);
  const added = Object.keys(ADDENDS).map((name) => `${name} = usage_sums.${name} + excluded.${name}`);
  return `insert into usage_sums (${key},${Object.keys(ADDENDS).join()})
    select width, started_at - started_at % width, ${SUM_KEYS.join()}, ${Object.values(ADDENDS).join()}
    from (${source}) as added cross join (${widths.join(' union all ')}) as widths
    where true group by 1, 2, ${SUM_KEYS.join()} order by 1, 2, ${SUM_KEYS.join()}
    on conflict (${key}) do update set ${added.join()}`;
}

/** One statement, of a JSON list of rows: a row that is there already adds nothing again. */
const ON_POSTGRES = `with inserted as (
    ${INSERT_ROWS} select * from json_to_recordset($1::json)
    as row(${Object.entries(COLUMNS)
      .map((column) => column.join(' '))
      .join()})
    on conflict do nothing returning *
  ) ${addSums('select * from inserted')}`;

export function writeToPostgres(json: string): CompiledQuery {
  return CompiledQuery.raw(ON_POSTGRES, [json]);
}

/** Rows inserted later have a higher rowid. */
export const LAST_ROW = CompiledQuery.raw('select coalesce(max(rowid), 0) as last from usage_rows') as CompiledQuery<{
  last: number;
}>;

const INSERT_EACH = `${INSERT_ROWS} values (${NAMES.map(() => '?').join()}) on conflict do nothing`;

export function insertEach(json: string): CompiledQuery {
  return CompiledQuery.raw(INSERT_EACH, [{ json, names: NAMES } satisfies EachRow]);
}

const ADD_LATER = addSums('select * from usage_rows where rowid > ?');

export function addSumsAfter(last: number): CompiledQuery {
  return CompiledQuery.raw(ADD_LATER, [last]);
}
