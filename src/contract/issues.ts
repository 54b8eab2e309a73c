import type { ValidationError as FieldError } from 'class-validator';
import { isJsonObject } from '../common/exact-json.js';
import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import type { Explain } from './field-rules.js';

/** @throws {ValidationError} 422, when the body is something else. */
export function requireObject(body: unknown): asserts body is Record<string, unknown> {
  if (isJsonObject(body)) return;
  const msg = 'Input should be a valid dictionary or object to extract fields from';
  throw new ValidationError([{ loc: ['body'], msg, type: 'model_attributes_type' }]);
}

/** The problem of an extra field that is not taken. */
export function forbidden(loc: Issue['loc']): Issue {
  return { loc, msg: 'Extra inputs are not permitted', type: 'extra_forbidden' };
}

/** The problems of one field. A wrong type hides the others: that a string is also not less than 2 is noise. */
export function toIssues(error: FieldError, body: Record<string, unknown>, path: Issue['loc']): Issue[] {
  const loc = [...path, error.property];
  if (error.value === undefined && error.constraints) return [{ loc, msg: 'Field required', type: 'missing' }];
  if (error.constraints && 'whitelistValidation' in error.constraints) return [forbidden(loc)];
  const issues: Issue[] = [];
  let explained: Issue[] = [];
  for (const [name, msg] of Object.entries(error.constraints ?? {})) {
    const context = error.contexts?.[name] as { type?: string; explain?: Explain } | undefined;
    if (context?.explain) {
      explained = context.explain(error.value, body).map((issue) => ({ ...issue, loc: [...loc, ...issue.loc] }));
    } else if (name === 'isNumber' && typeof error.value === 'number') {
      issues.push({ loc, msg: 'Input should be a finite number', type: 'finite_number' });
    } else if (context?.type) {
      issues.push({ loc, msg, type: context.type });
    }
  }
  const ofField = [...issues, ...explained.filter((issue) => issue.loc.length === loc.length)];
  const wrongType = ofField.find(({ type }) => type.endsWith('_type') || type === 'finite_number');
  if (wrongType) return [wrongType];
  return [...issues, ...explained, ...(error.children ?? []).flatMap((child) => toIssues(child, body, loc))];
}
