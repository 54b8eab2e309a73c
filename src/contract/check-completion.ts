import { validateSync } from 'class-validator';
import type { Issue } from '../errors/api-error.js';
import { refuseIssues } from '../errors/validation-error.js';
import { compileCheck } from './compiled-check.js';
import { CreateCompletionDto } from './create-completion.dto.js';
import { explainExtras, toKnownFields } from './extra-fields.js';
import { requireObject, toIssues } from './issues.js';

const isGoodCompletion = compileCheck(CreateCompletionDto);

/**
 * Returns a valid completion body as it is, and explains an invalid one.
 *
 * Only what the compiled check refuses goes to class-validator, which finds every problem. Both run the rules on the DTO's
 * fields, so they agree on what is valid. The parsed body is not changed: nothing is coerced, no default filled in, and no
 * field dropped.
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
