import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError as FieldError } from 'class-validator';
import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import { compileCheck } from './compiled-check.js';
import { CreateCompletionDto } from './create-completion.dto.js';
import { explainExtras, explainNesting, pickKnown } from './extra-fields.js';
import type { Explain } from './field-rules.js';

const isGoodCompletion = compileCheck(CreateCompletionDto);

/**
 * Lets a good completion body through as it is, and explains a bad one.
 *
 * The compiled check accepts; only what it refuses is handed to Nest's `ValidationPipe`, whose class-validator finds
 * every problem. Both run the rules on the DTO's fields, so they cannot disagree on what is good. The value stays the
 * parsed body: nothing is coerced, no default filled in, and no field dropped.
 *
 * @throws {ValidationError} 422 with every problem of the body.
 */
@Injectable()
export class CompletionValidationPipe extends ValidationPipe {
  constructor() {
    super({
      // Nest takes the value of a decorator of our own for none of its business otherwise.
      validateCustomDecorators: true,
      validationError: { target: true, value: true },
      exceptionFactory: (errors) => new FieldErrors(errors),
    });
  }

  override async transform(body: unknown, metadata: ArgumentMetadata): Promise<CreateCompletionDto> {
    if (!isPlainObject(body)) {
      const msg = 'Input should be a valid dictionary or object to extract fields from';
      throw new ValidationError([{ loc: ['body'], msg, type: 'model_attributes_type' }]);
    }
    const fieldIssues = isGoodCompletion(body) ? [] : await this.explainFields(body, metadata);
    const [first, ...others] = [...fieldIssues, ...explainExtras(body)];
    if (first) throw new ValidationError([first, ...others]);
    return body as unknown as CreateCompletionDto;
  }

  private async explainFields(body: Record<string, unknown>, metadata: ArgumentMetadata): Promise<Issue[]> {
    const known = pickKnown(body);
    // class-transformer and Nest descend recursively: a body nested deeper than any field is refused before they do.
    const tooDeep = explainNesting(known);
    if (tooDeep.length > 0) return tooDeep;
    try {
      await super.transform(known, { ...metadata, metatype: CreateCompletionDto });
    } catch (error) {
      if (error instanceof FieldErrors) return error.errors.flatMap((each) => toIssues(each, known, ['body']));
      throw error;
    }
    // Neither good nor bad: nobody should have to guess which of the two is wrong.
    throw new Error('the compiled check and class-validator disagree on a body');
  }
}

/** Carries class-validator's findings from Nest's pipe to ours. */
class FieldErrors extends Error {
  constructor(readonly errors: FieldError[]) {
    super('validation failed');
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The problems of one field. A wrong type is the whole story: that a string is also not less than 2 helps nobody.
 */
function toIssues(error: FieldError, body: Record<string, unknown>, path: Issue['loc']): Issue[] {
  const loc = [...path, error.property];
  if (error.value === undefined && error.constraints) return [{ loc, msg: 'Field required', type: 'missing' }];
  const issues = Object.entries(error.constraints ?? {}).flatMap(([name, msg]): Issue[] => {
    const context = error.contexts?.[name] as { type?: string; explain?: Explain } | undefined;
    if (context?.explain) {
      return context.explain(error.value, body).map((issue) => ({ ...issue, loc: [...loc, ...issue.loc] }));
    }
    if (name === 'isNumber' && typeof error.value === 'number') {
      return [{ loc, msg: 'Input should be a finite number', type: 'finite_number' }];
    }
    return context?.type ? [{ loc, msg, type: context.type }] : [];
  });
  const wrongType = issues.find(({ type }) => type.endsWith('_type') || type === 'finite_number');
  if (wrongType) return [wrongType];
  return [...issues, ...(error.children ?? []).flatMap((child) => toIssues(child, body, loc))];
}
