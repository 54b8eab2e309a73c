import { getMetadataStorage } from 'class-validator';
import type { Issue } from '../errors/api-error.js';
import { CreateCompletionDto } from './create-completion.dto.js';
import { explainText } from './field-rules.js';

/** Deeper than any parameter of any engine (a JSON schema for guided decoding is the deepest), and safe to recurse. */
const MAX_DEPTH = 64;

/** Names that would reach an object's prototype instead of a field, here or in whatever parses the body next. */
const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

const KNOWN_FIELDS = new Set(
  getMetadataStorage()
    .getTargetValidationMetadatas(CreateCompletionDto, CreateCompletionDto.name, true, false)
    .map(({ propertyName }) => propertyName),
);

/** The names of the fields that the contract does not list: `top_k`, `min_p`, `ignore_eos`, … */
export function extraFields(body: object): string[] {
  const extras: string[] = [];
  for (const name in body) {
    if (!KNOWN_FIELDS.has(name)) extras.push(name);
  }
  return extras;
}

export function forbidden(name: string): Issue {
  return { loc: ['body', name], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' };
}

/** The fields that the contract lists, without the others. */
export function pickKnown(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => KNOWN_FIELDS.has(name)));
}

/** An extra field may be anything that can be sent on unchanged; what JSON would alter on the way is refused. */
export function explainExtras(body: Record<string, unknown>): Issue[] {
  const issues: Issue[] = [];
  for (const name of extraFields(body)) {
    const issue = PROTOTYPE_NAMES.has(name) ? forbidden(name) : explainValue(body[name], ['body', name]);
    if (issue) issues.push(issue);
  }
  const streamOptionsIssue = explainValue(body.stream_options, ['body', 'stream_options']);
  if (streamOptionsIssue) issues.push(streamOptionsIssue);
  return issues;
}

/** Fields of the contract that are nested deeper than is safe to look into. */
export function explainNesting(body: Record<string, unknown>): Issue[] {
  return Object.entries(body).flatMap(([name, value]) =>
    isTooDeep(value) ? [{ loc: ['body', name], msg: 'Value error, nested too deeply', type: 'value_error' }] : [],
  );
}

function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth >= MAX_DEPTH || Object.values(value).some((child) => isTooDeep(child, depth + 1));
}

/** The first thing in `value` that cannot be sent on as it came. */
function explainValue(value: unknown, loc: Issue['loc']): Issue | undefined {
  if (typeof value === 'string') {
    const [issue] = explainText(value);
    return issue && { ...issue, loc };
  }
  // 1e400 is valid JSON, but no double: it would be sent on as null.
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return { loc, msg: 'Input should be a finite number', type: 'finite_number' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (loc.length > MAX_DEPTH)
    return { loc: loc.slice(0, 2), msg: 'Value error, nested too deeply', type: 'value_error' };
  for (const [key, child] of Object.entries(value)) {
    const at = [...loc, Array.isArray(value) ? Number(key) : key];
    // A schema may well describe a property called "constructor"; nothing means well by "__proto__".
    const issue = key === '__proto__' ? { ...forbidden(key), loc: at } : explainValue(child, at);
    if (issue) return issue;
  }
  return undefined;
}
