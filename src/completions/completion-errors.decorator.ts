import { applyDecorators } from '@nestjs/common';
import { ApiErrorResponse } from '../errors/api-error-response.decorator.js';

const ERRORS: Record<number, string> = {
  400: 'The upstream refused the request, or nothing can honour a parameter of it.',
  401: 'No API key, a wrong one, or one that may not act for the organization or project in the headers.',
  404: 'There is no such model, or your API key may not use it.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'The body breaks the contract. Every problem is listed.',
  429: 'Too many requests. `Retry-After` says when to try again.',
  500: 'The gateway failed.',
  502: 'The upstream answered badly.',
  503: 'No upstream can be reached, or the gateway has too much to do or is shutting down.',
  504: 'The upstream did not answer in time.',
};

/** Documents every status that a completion can fail with. */
export function ApiCompletionErrors(): MethodDecorator {
  return applyDecorators(
    ...Object.entries(ERRORS).map(([status, description]) => ApiErrorResponse(Number(status), description)),
  );
}
