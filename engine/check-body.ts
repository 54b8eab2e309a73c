import 'reflect-metadata';
import { checkCompletion } from '../src/contract/check-completion.js';
import type { CreateCompletionDto } from '../src/contract/create-completion.dto.js';
import { extraFields, forbidden } from '../src/contract/extra-fields.js';
import { isNoOp } from '../src/engines/no-op-values.js';
import type { Issue } from '../src/errors/api-error.js';
import { ValidationError } from '../src/errors/validation-error.js';

/**
 * The gateway's own check of a body, and on top of it: a field that the contract does not list is refused, since there is
 * nobody to forward it to. One whose value says nothing is none.
 *
 * @throws {ValidationError} 422 with every problem of the body.
 */
export function checkBody(body: unknown): CreateCompletionDto {
  try {
    const checked = checkCompletion(body);
    refuse([], checked);
    return checked;
  } catch (error) {
    if (error instanceof ValidationError && typeof body === 'object' && body !== null) refuse(error.issues, body);
    throw error;
  }
}

function refuse(found: readonly Issue[], body: object): void {
  const extras = extraFields(body)
    .filter(({ loc, value }) => !isNoOp(loc.slice(1).join('.'), value))
    .map(({ loc }) => forbidden(loc));
  const isInExtra = ({ loc }: Issue): boolean =>
    extras.some((extra) => extra.loc.every((step, depth) => step === loc[depth]));
  const [first, ...more] = [...found.filter((issue) => !isInExtra(issue)), ...extras];
  if (first) throw new ValidationError([first, ...more]);
}
