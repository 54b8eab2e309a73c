import { validateSync } from 'class-validator';
import type { Issue } from '../errors/api-error.js';
import { refuseIssues } from '../errors/validation-error.js';
import { compileCheck } from './compiled-check.js';
import { CreateCompletionDto } from './create-completion.dto.js';
import { explainExtras, toKnownFields } from './extra-fields.js';
import { requireObject, toIssues } from './issues.js';

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
  requireObject(body);
  const fieldIssues = isGoodCompletion(body) ? [] : explainFields(body);
  refuseIssues([...fieldIssues, ...explainExtras(body)]);
  return body as unknown as CreateCompletionDto;
}

function explainFields(body: Record<string, unknown>): Issue[] {
  const errors = validateSync(toKnownFields(body), { validationError: { target: false, value: true } });
  const issues = errors.flatMap((error) => toIssues(error, body, ['body']));
  // The two checks disagree: fail loudly.
  if (issues.length === 0) throw new Error('the compiled check and class-validator disagree on a body');
  return issues;
}
