import 'reflect-metadata';
import { CompletionValidationPipe } from '../src/completions/completion-validation.pipe.js';
import type { CreateCompletionDto } from '../src/completions/create-completion.dto.js';
import { extraFields, forbidden } from '../src/completions/extra-fields.js';
import { ValidationError } from '../src/errors/validation-error.js';

const pipe = new CompletionValidationPipe();

/**
 * The gateway's own check of a body, and on top of it: a field that the contract does not list is refused, since there is
 * nobody to forward it to.
 *
 * @throws {ValidationError} 422 with every problem of the body.
 */
export async function checkBody(body: unknown): Promise<CreateCompletionDto> {
  try {
    const checked = await pipe.transform(body, { type: 'body' });
    refuse([], checked);
    return checked;
  } catch (error) {
    if (error instanceof ValidationError && typeof body === 'object' && body !== null) refuse(error.issues, body);
    throw error;
  }
}

function refuse(found: readonly ValidationError['issues'][number][], body: object): void {
  const extras = extraFields(body);
  const others = found.filter(({ loc }) => !extras.includes(String(loc[1])));
  const [first, ...more] = [...others, ...extras.map(forbidden)];
  if (first) throw new ValidationError([first, ...more]);
}
