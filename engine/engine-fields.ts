import { IsBoolean, IsInt, IsNumber, IsOptional, IsPositive, Max, Min, validateSync } from 'class-validator';
import { compileCheck } from '../src/contract/compiled-check.js';
import type { CreateCompletionDto, StreamOptionsDto } from '../src/contract/create-completion.dto.js';
import { fieldsOf } from '../src/contract/extra-fields.js';
import {
  atLeast,
  atMost,
  boolean,
  type Explain,
  explainTokenIds,
  integer,
  number,
  satisfies,
} from '../src/contract/field-rules.js';
import { toIssues } from '../src/contract/issues.js';
import { DEFAULT_MAX_TOKENS } from '../src/contract/prompts.js';
import type { Issue } from '../src/errors/api-error.js';

const above = { message: 'Input should be greater than 0', context: { type: 'greater_than' } };

const explainMinTokens: Explain = (value, { max_tokens: maxTokens }) => {
  const most = typeof maxTokens === 'number' ? maxTokens : DEFAULT_MAX_TOKENS;
  if (typeof value !== 'number' || value <= most) return [];
  const msg = `Value error, min_tokens must be less than or equal to max_tokens, which is ${most}`;
  return [{ loc: [], msg, type: 'value_error' }];
};

const IsMinTokens = satisfies('isMinTokens', explainMinTokens);

/** Unlike the list of a prompt, it may be empty. */
const IsTokenIds = satisfies('isTokenIds', (value) =>
  Array.isArray(value) && value.length === 0 ? [] : explainTokenIds(value),
);

/** The engine's fields beside the contract's, with vLLM's names and meaning. */
export class EngineFields {
  /** Chooses from this many of the likeliest tokens; -1 and 0: from all. */
  @IsOptional()
  @IsInt(integer)
  @Min(-1, atLeast)
  @Max(2 ** 31 - 1, atMost)
  top_k?: number | null;

  /** Excludes tokens whose probability is below that of the likeliest, times this. */
  @IsOptional()
  @IsNumber({}, number)
  @Min(0, atLeast)
  @Max(1, atMost)
  min_p?: number | null;

  /** Above 1, what is in the prompt or was generated becomes less likely; below 1, likelier. */
  @IsOptional()
  @IsNumber({}, number)
  @IsPositive(above)
  repetition_penalty?: number | null;

  /** Nothing ends the text before this many tokens. */
  @IsOptional()
  @IsInt(integer)
  @Min(0, atLeast)
  @IsMinTokens()
  min_tokens?: number | null;

  /** Goes on past the end-of-text token. */
  @IsOptional()
  @IsBoolean(boolean)
  ignore_eos?: boolean | null;

  /** Tokens that end the text like a stop text. */
  @IsOptional()
  @IsTokenIds()
  stop_token_ids?: number[] | null;

  /** Leaves special tokens out of the text. */
  @IsOptional()
  @IsBoolean(boolean)
  skip_special_tokens?: boolean | null;

  /** The text includes what it stopped at. */
  @IsOptional()
  @IsBoolean(boolean)
  include_stop_str_in_output?: boolean | null;

  /** Puts the start token, which some models expect, before a text. */
  @IsOptional()
  @IsBoolean(boolean)
  add_special_tokens?: boolean | null;

  /** Returns the ids of the prompt's tokens and of the generated ones. */
  @IsOptional()
  @IsBoolean(boolean)
  return_token_ids?: boolean | null;
}

/** The engine's fields of `stream_options`. */
export class EngineStreamOptions {
  /** With `include_usage`: the counts so far on each chunk. */
  @IsOptional()
  @IsBoolean(boolean)
  continuous_usage_stats?: boolean | null;
}

export type EngineBody = CreateCompletionDto &
  EngineFields & { stream_options?: (StreamOptionsDto & EngineStreamOptions) | null };

type Fields = Readonly<Record<string, unknown>>;

const TOP = { dto: EngineFields, names: fieldsOf(EngineFields), isGood: compileCheck(EngineFields), path: ['body'] };
const OPTIONS = {
  dto: EngineStreamOptions,
  names: fieldsOf(EngineStreamOptions),
  isGood: compileCheck(EngineStreamOptions),
  path: ['body', 'stream_options'],
};

/** Whether the field at this path of a body is one of the engine's. */
export function isEngineField([, ...path]: Issue['loc']): boolean {
  const [name, option, ...more] = path;
  if (more.length > 0) return false;
  return option === undefined
    ? TOP.names.has(String(name))
    : name === 'stream_options' && OPTIONS.names.has(String(option));
}

/** Every problem of the engine's own fields in a body. */
export function explainEngineFields(body: object): Issue[] {
  const options: unknown = (body as EngineBody).stream_options;
  const isObject = typeof options === 'object' && options !== null;
  return [...explain(TOP, body, body), ...(isObject ? explain(OPTIONS, options, body) : [])];
}

function explain({ dto, names, isGood, path }: typeof TOP | typeof OPTIONS, fields: object, body: object): Issue[] {
  if (isGood(fields)) return [];
  // `min_tokens` is compared with `max_tokens`.
  const own = [...names, 'max_tokens'].map((name) => [name, (fields as Fields)[name]] as const);
  const given = Object.assign(new dto(), Object.fromEntries(own));
  const errors = validateSync(given, { validationError: { target: false, value: true } });
  return errors.flatMap((error) => toIssues(error, body as Record<string, unknown>, path));
}
