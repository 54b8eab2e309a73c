import { validateSync, type ValidationError as FieldError } from 'class-validator';
import { isExact } from '../common/exact-json.js';
import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import { compileCheck } from './compiled-check.js';
import { CreateCompletionDto } from './create-completion.dto.js';
import { explainExtras, toKnownFields } from './extra-fields.js';
import type { Explain } from './field-rules.js';

const isGoodCompletion = compileCheck(CreateCompletionDto);

/**
 * Lets a good completion body through as it is, and explains a bad one.
 *
 * The compiled check accepts; only what it refuses is handed to class-validator, which finds every problem. Both run the
 * rules on the DTO's fields, so they cannot disagree on what is good. The value stays the parsed body: nothing is
 * coerced, no default filled in, and no field dropped.
 *
 * @throws {ValidationError} 422 with every problem of the body.
 */
export function checkCompletion(body: unknown): CreateCompletionDto {
  if (!isPlainObject(body)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    throw new ValidationError([{ loc: ['body'], msg, type: 'model_attributes_type' }]);
  }
  const fieldIssues = isGoodCompletion(body) ? [] : explainFields(body);
  const [first, ...others] = [...fieldIssues, ...explainExtras(body)];
  if (first) throw new ValidationError([first, ...others]);
  return body as unknown as CreateCompletionDto;
}

function explainFields(body: Record<string, unknown>): Issue[] {
  const errors = validateSync(toKnownFields(body), { validationError: { target: false, value: true } });
  const issues = errors.flatMap((error) => toIssues(error, body, ['body']));
  // Neither good nor bad: nobody should have to guess which of the two is wrong.
  if (issues.length === 0) throw new Error('the compiled check and class-validator disagree on a body');
  return issues;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExact(value);
}

/**
 * The problems of one field. A wrong type is the whole story: that a string is also not less than 2 helps nobody.
 */
function toIssues(error: FieldError, body: Record<string, unknown>, path: Issue['loc']): Issue[] {
  const loc = [...path, error.property];
  if (error.value === undefined && error.constraints) return [{ loc, msg: 'Field required', type: 'missing' }];
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
  const wrongType = issues.find(({ type }) => type.endsWith('_type') || type === 'finite_number');
  if (wrongType) return [wrongType];
  return [...issues, ...explained, ...(error.children ?? []).flatMap((child) => toIssues(child, body, loc))];
}
