import { ValidateBy, type ValidationArguments, type ValidationOptions } from 'class-validator';
import { type ExactInteger, isExact, isJsonObject, toBigInt, toDouble } from '../common/exact-json.js';
import type { Issue } from '../errors/api-error.js';
import { MAX_ISSUES } from '../errors/validation-error.js';
import { lengthInCodePoints } from '../common/code-points.js';

/**
 * The wording of Pydantic 2 for class-validator's decorators, and the rules that class-validator lacks.
 *
 * Each constant goes in as a decorator's options: `@Max(2, atMost)`. Its `context` names the Pydantic type.
 * Source: https://docs.pydantic.dev/latest/errors/validation_errors/
 */
const rule = (type: string, message: string): ValidationOptions => ({ message, context: { type } });

export const integer = rule('int_type', 'Input should be a valid integer');
export const number = rule('float_type', 'Input should be a valid number');
export const boolean = rule('bool_type', 'Input should be a valid boolean');
export const atLeast = rule('greater_than_equal', 'Input should be greater than or equal to $constraint1');
export const atMost = rule('less_than_equal', 'Input should be less than or equal to $constraint1');

/** What is wrong with a value, empty when it is valid; `loc` is relative to the field. */
export type Explain = (value: unknown, body: Record<string, unknown>) => Issue[];

const GOOD: Issue[] = [];

/** The decorator of a rule that explains itself, for class-validator and for the compiled check alike. */
export function satisfies(name: string, explain: Explain): () => PropertyDecorator {
  const validator = {
    validate: (value: unknown, args?: ValidationArguments) =>
      explain(value, (args?.object ?? {}) as Record<string, unknown>).length === 0,
    defaultMessage: () => `${name} is not satisfied`,
  };
  return () => ValidateBy({ name, validator }, { context: { explain } });
}

const one = (type: string, msg: string, ...loc: (string | number)[]): Issue[] => [{ loc, msg, type }];

/** A string that is valid Unicode: a lone surrogate cannot be sent as UTF-8. */
export function explainText(value: unknown): Issue[] {
  if (typeof value !== 'string') return one('string_type', 'Input should be a valid string');
  if (value.isWellFormed()) return GOOD;
  return one('string_unicode', 'Input should be a valid string, unable to parse raw data as a unicode string');
}

/** A text of 1 to `most` characters. */
function explainShortText(value: unknown, most: number): Issue[] {
  if (value === '') return one('string_too_short', 'String should have at least 1 character');
  // UTF-16 units are no fewer than characters, and no more than twice as many.
  if (typeof value === 'string' && value.length > most && (value.length > 2 * most || lengthInCodePoints(value) > most))
    return one('string_too_long', `String should have at most ${most} characters`);
  return explainText(value);
}

/** Longer than any engine's names, which end up in logs and metrics. */
export const MAX_MODEL_LENGTH = 256;

const explainModel = (value: unknown): Issue[] => explainShortText(value, MAX_MODEL_LENGTH);

/** The gateway searches all generated text for each stop text. */
export const MAX_STOP_LENGTH = 1_000;

const explainStopText = (value: unknown): Issue[] => explainShortText(value, MAX_STOP_LENGTH);

function explainTokenId(value: unknown): Issue[] {
  if (!Number.isSafeInteger(value)) return one('int_type', integer.message as string);
  return (value as number) >= 0 ? GOOD : one('greater_than_equal', 'Input should be greater than or equal to 0');
}

/** Explains the first bad item only: a batch of 10,000 wrong items is one mistake. */
function explainItems(items: unknown[], explain: (item: unknown) => Issue[]): Issue[] {
  if (items.length === 0) return one('too_short', 'List should have at least 1 item after validation, not 0');
  for (let index = 0; index < items.length; index++) {
    const issues = explain(items[index]);
    if (issues.length > 0) return issues.map((issue) => ({ ...issue, loc: [index, ...issue.loc] }));
  }
  return GOOD;
}

function explainPrompt(value: unknown): Issue[] {
  if (typeof value === 'string') return explainText(value);
  if (!Array.isArray(value)) {
    return one(
      'value_error',
      'Value error, prompt must be a string, a list of strings, or one or more lists of token ids',
    );
  }
  // The first item decides which kind of list this is; an item that differs is the mistake.
  const items = value as unknown[];
  if (typeof items[0] === 'number' || isExact(items[0])) return explainItems(items, explainTokenId);
  if (Array.isArray(items[0])) return explainItems(items, explainTokenIds);
  return explainItems(items, explainText);
}

/** A list of token ids. */
export function explainTokenIds(value: unknown): Issue[] {
  if (!Array.isArray(value)) return one('list_type', 'Input should be a valid list');
  return explainItems(value, explainTokenId);
}

function explainStop(value: unknown): Issue[] {
  if (!Array.isArray(value)) return explainStopText(value);
  if (value.length > 4) {
    return one('too_long', `List should have at most 4 items after validation, not ${value.length}`);
  }
  return value.length === 0 ? GOOD : explainItems(value, explainStopText);
}

export const NO_DICTIONARY = one('dict_type', 'Input should be a valid dictionary');

const explainDictionary = (value: unknown): Issue[] => (isJsonObject(value) ? GOOD : NO_DICTIONARY);

const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

/** A 64-bit integer, with the digits that are forwarded. */
function explainInt64(value: unknown): Issue[] {
  if (Number.isSafeInteger(value)) return GOOD;
  if (!Number.isInteger(value) && !isExact(value)) return one('int_type', integer.message as string);
  const rounded = Number(toDouble(value));
  // A BigInt of thousands of digits takes more than linear time, to be out of range anyway.
  const exact = Math.abs(rounded) < 1e20 ? toBigInt(value as number | ExactInteger) : rounded;
  if (exact < INT64_MIN) return one('greater_than_equal', `Input should be greater than or equal to ${INT64_MIN}`);
  return exact > INT64_MAX ? one('less_than_equal', `Input should be less than or equal to ${INT64_MAX}`) : GOOD;
}

/** A token id as a decimal string. */
export const TOKEN_ID_KEY = /^(0|[1-9]\d{0,9})$/;

function explainLogitBias(value: unknown): Issue[] {
  if (!isJsonObject(value)) return NO_DICTIONARY;
  const issues: Issue[] = [];
  for (const key in value) {
    if (issues.length >= MAX_ISSUES) break;
    const bias = toDouble(value[key]);
    if (!TOKEN_ID_KEY.test(key)) {
      issues.push(...one('value_error', 'Value error, keys must be token ids as decimal strings', key));
    } else if (typeof bias !== 'number') {
      issues.push(...one('float_type', number.message as string, key));
    } else if (bias < -100) {
      issues.push(...one('greater_than_equal', 'Input should be greater than or equal to -100', key));
    } else if (bias > 100) {
      issues.push(...one('less_than_equal', 'Input should be less than or equal to 100', key));
    }
  }
  return issues;
}

/** Zero means "not given"; equality is accepted, since widely used clients send `best_of: 1, n: 1`. */
function explainBestOf(value: unknown, body: Record<string, unknown>): Issue[] {
  if (typeof value !== 'number' || value === 0) return GOOD;
  const issues: Issue[] = [];
  if (typeof body.n === 'number' && value < body.n) {
    issues.push(...one('value_error', 'Value error, best_of must be greater than or equal to n'));
  }
  if (value > 1 && body.stream === true) {
    issues.push(...one('value_error', 'Value error, best_of cannot be used with stream'));
  }
  return issues;
}

export const IsText = satisfies('isText', explainText);
export const IsModelName = satisfies('isModelName', explainModel);
export const IsPrompt = satisfies('isPrompt', explainPrompt);
export const IsStop = satisfies('isStop', explainStop);
export const IsDictionary = satisfies('isDictionary', explainDictionary);
export const IsInt64 = satisfies('isInt64', explainInt64);
export const IsLogitBias = satisfies('isLogitBias', explainLogitBias);
export const IsCompatibleBestOf = satisfies('isCompatibleBestOf', explainBestOf);
