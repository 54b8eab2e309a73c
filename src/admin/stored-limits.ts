import type { LimitOptions, ScopeLimits } from '../config/config.js';
import { FIELD_OF, type LimitOptionsDto, type LimitsDto } from './dto/limits.dto.js';

const FIELDS = Object.entries(FIELD_OF) as [keyof LimitOptions, keyof LimitOptionsDto][];

/** The row of an organization, a project or a key. */
interface Limited {
  limits: string | null;
}

export function limitsIn({ limits }: Limited): ScopeLimits {
  return limits === null ? {} : (JSON.parse(limits) as ScopeLimits);
}

/** The column for the limits of a request; null when nothing is limited. */
export function columnOf(asked: LimitsDto | undefined): string | null {
  if (!asked) return null;
  const models = [...(asked.models ?? [])].map(([pattern, options]) => [pattern, optionsIn(options)] as const);
  return columnOfScope({ ...optionsIn(asked), models: Object.fromEntries(models) });
}

export function columnOfScope({ models = {}, ...all }: ScopeLimits): string | null {
  const ofModels = Object.entries(models).filter(([, options]) => Object.keys(options).length > 0);
  const limits = { ...all, ...(ofModels.length > 0 && { models: Object.fromEntries(ofModels) }) };
  return Object.keys(limits).length === 0 ? null : JSON.stringify(limits);
}

/** A row's limits, for an answer. */
export function limitsOf(row: Limited): LimitsDto | null {
  return limitsAnswered(limitsIn(row));
}

/** Null where nothing is limited. */
export function limitsAnswered({ models = {}, ...all }: ScopeLimits): LimitsDto | null {
  const ofModels = Object.entries(models).map(([pattern, options]) => [pattern, fieldsOf(options)]);
  // An answer is plain JSON; the map of the DTO is how a request is checked.
  const plain = Object.fromEntries(ofModels) as unknown as NonNullable<LimitsDto['models']>;
  const limits = { ...fieldsOf(all), ...(ofModels.length > 0 && { models: plain }) };
  return Object.keys(limits).length === 0 ? null : limits;
}

function optionsIn(fields: LimitOptionsDto): LimitOptions {
  return Object.fromEntries(
    FIELDS.flatMap(([option, field]) => (typeof fields[field] === 'number' ? [[option, fields[field]]] : [])),
  );
}

function fieldsOf(options: LimitOptions): LimitOptionsDto {
  return Object.fromEntries(
    FIELDS.flatMap(([option, field]) => (options[option] === undefined ? [] : [[field, options[option]]])),
  );
}
