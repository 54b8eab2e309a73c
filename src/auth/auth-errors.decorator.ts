import { applyDecorators } from '@nestjs/common';
import { ApiErrorResponse } from '../errors/api-error-response.decorator.js';
import { invalidKey, missingKey, notYourOrganization, notYourProject, onlyAdministers } from './refusals.js';

/** Documents how the guard refuses a caller of routes that are not for administration. */
export function ApiAuthErrors(): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiErrorResponse(
      401,
      'No API key, a wrong one, or one that may not act for the organization or project in the headers.',
      invalidKey(),
      missingKey(),
      notYourOrganization(),
      notYourProject(),
    ),
    ApiErrorResponse(403, 'An admin key, which is for administration alone.', onlyAdministers()),
  );
}
