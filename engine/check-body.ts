import 'reflect-metadata';
import { checkCompletion } from '../src/contract/check-completion.js';
import { extraFields } from '../src/contract/extra-fields.js';
import { forbidden } from '../src/contract/issues.js';
import { isNoOp } from '../src/engines/no-op-values.js';
import type { Issue } from '../src/errors/api-error.js';
import { ValidationError } from '../src/errors/validation-error.js';
import { type EngineBody, explainEngineFields, isEngineField } from './engine-fields.js';

/**
 * The gateway's check, and a check of the engine's own fields. All other fields are refused, as there is nobody to forward
 * them to, unless their value is a no-op.
 *
 * @throws {ValidationError} 422 with every problem of the body.
 */
export function checkBody(body: unknown): EngineBody {
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
  const unknown = extraFields(body)
    .filter(({ loc, value }) => !isEngineField(loc) && !isNoOp(loc.slice(1).join('.'), value))
    .map(({ loc }) => forbidden(loc));
  const extras = [...explainEngineFields(body), ...unknown];
  const isInExtra = ({ loc }: Issue): boolean =>
    extras.some((extra) => extra.loc.every((step, depth) => step === loc[depth]));
  const [first, ...more] = [...found.filter((issue) => !isInExtra(issue)), ...extras];
  if (first) throw new ValidationError([first, ...more]);
}
