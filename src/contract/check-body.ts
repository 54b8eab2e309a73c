import { type ClassConstructor, plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { refuseIssues } from '../errors/validation-error.js';
import { requireObject, toIssues } from './issues.js';

/**
 * The body as an instance of its DTO. `null` means "not given", as for completions; unknown fields are refused.
 *
 * @throws {ValidationError} 422 with every problem.
 */
export function checkBody<T extends object>(dto: ClassConstructor<T>, body: unknown): T {
  requireObject(body);
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const instance = plainToInstance(dto, given);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    validationError: { target: false, value: true },
  });
  refuseIssues(errors.flatMap((error) => toIssues(error, body, ['body'])));
  return instance;
}
