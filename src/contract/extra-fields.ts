import { getMetadataStorage } from 'class-validator';
import { isExact, isJsonObject, toDouble } from '../common/exact-json.js';
import type { Issue } from '../errors/api-error.js';
import { MAX_ISSUES } from '../errors/validation-error.js';
import { CreateCompletionDto, StreamOptionsDto } from './create-completion.dto.js';
import { explainText } from './field-rules.js';
import { forbidden } from './issues.js';
import { MAX_DEPTH, TOO_DEEP } from './json-shape.js';

/** Names that may reach an object's prototype instead of a field, here or in what parses the body next. */
const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

const KNOWN_FIELDS = fieldsOf(CreateCompletionDto);
const KNOWN_STREAM_OPTIONS = fieldsOf(StreamOptionsDto);

type Fields = Record<string, unknown>;

export interface ExtraField {
  loc: Issue['loc'];
  name: string;
  value: unknown;
}

/** The names of a DTO's fields. */
export function fieldsOf(dto: abstract new () => object): Set<string> {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(dto, dto.name, true, false);
  return new Set(metadata.map(({ propertyName }) => propertyName));
}

/** The fields that the contract does not list (`top_k`, `min_p`, `ignore_eos`, …), in `stream_options` too. */
export function extraFields(body: object): ExtraField[] {
  const extras = unknownIn(body as Fields, KNOWN_FIELDS, ['body']);
  const { stream_options: options } = body as Fields;
  return isJsonObject(options)
    ? [...extras, ...unknownIn(options, KNOWN_STREAM_OPTIONS, ['body', 'stream_options'])]
    : extras;
}

function unknownIn(fields: Fields, known: Set<string>, parent: Issue['loc']): ExtraField[] {
  const extras: ExtraField[] = [];
  for (const name in fields) {
    if (!known.has(name)) extras.push({ loc: [...parent, name], name, value: fields[name] });
  }
  return extras;
}

/**
 * The fields that the contract lists, in instances of the DTO classes, as class-validator needs them. Their values are
 * neither copied nor read, however large or deep.
 */
export function toKnownFields(body: Fields): CreateCompletionDto {
  const known = Object.assign(new CreateCompletionDto(), pick(body, KNOWN_FIELDS));
  const { stream_options: options } = body;
  if (isJsonObject(options))
    known.stream_options = Object.assign(new StreamOptionsDto(), pick(options, KNOWN_STREAM_OPTIONS));
  // A list is one mistake, not one for each item.
  else if (Array.isArray(options)) known.stream_options = [] as StreamOptionsDto;
  return known;
}

function pick(fields: Fields, names: Set<string>): Fields {
  const picked: Fields = {};
  for (const name of names) {
    // `seed` keeps every digit of an integer; for the other fields, one that no double holds is out of range anyway.
    if (Object.hasOwn(fields, name)) picked[name] = name === 'seed' ? fields[name] : toDouble(fields[name]);
  }
  return picked;
}

/** Extra fields may have any value that can be forwarded unchanged; what JSON would alter is refused. */
export function explainExtras(body: object): Issue[] {
  const issues: Issue[] = [];
  for (const { loc, name, value } of extraFields(body)) {
    if (issues.length >= MAX_ISSUES) break;
    const issue = PROTOTYPE_NAMES.has(name) ? forbidden(loc) : (explainName(name, loc) ?? explainValue(value, loc));
    if (issue) issues.push(issue);
  }
  return issues;
}

/** Whether `value` can be forwarded unchanged. The fast path: it keeps no path and copies nothing. */
function isSendable(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (isExact(value)) return Number.isFinite(toDouble(value));
  if (Array.isArray(value)) return value.every((item) => isSendable(item, depth + 1));
  for (const name in value) {
    if (name === '__proto__' || !name.isWellFormed() || !isSendable((value as Fields)[name], depth + 1)) return false;
  }
  return true;
}

/** The first thing in `value` that cannot be forwarded unchanged. */
function explainValue(value: unknown, loc: Issue['loc']): Issue | undefined {
  if (isSendable(value, loc.length)) return undefined;
  if (typeof value === 'string') return explainName(value, loc);
  // 1e400 is valid JSON, but would be forwarded as null.
  if (typeof value === 'number' || isExact(value))
    return { loc, msg: 'Input should be a finite number', type: 'finite_number' };
  if (loc.length > MAX_DEPTH) return { loc: loc.slice(0, 2), ...TOO_DEEP };
  for (const [key, child] of Object.entries(value as object)) {
    const at = [...loc, Array.isArray(value) ? Number(key) : key];
    // A JSON schema may describe a property called "constructor"; "__proto__" has no honest use.
    const issue = key === '__proto__' ? forbidden(at) : (explainName(key, at) ?? explainValue(child, at));
    if (issue) return issue;
  }
  return undefined;
}

/** A lone surrogate in a name cannot be sent as UTF-8. */
function explainName(name: string, loc: Issue['loc']): Issue | undefined {
  const [issue] = explainText(name);
  return issue && { ...issue, loc };
}
