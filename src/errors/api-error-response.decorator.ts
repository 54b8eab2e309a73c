import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import type { ApiError } from './api-error.js';
import { toApiError, toErrorBody } from './error-body.js';
import { ErrorDto, IssueDto } from './error.dto.js';

/** A header of every answer. */
export const REQUEST_ID_HEADER = {
  'x-request-id': { description: 'The id of the request, for support.', schema: { type: 'string' } },
} as const;

const HEADERS: Record<number, object> = {
  401: { 'WWW-Authenticate': { description: 'Always `Bearer`.', schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'Seconds, or a date.', schema: { type: 'string' } } },
  503: { 'Retry-After': { description: 'Seconds, or a date.', schema: { type: 'string' } } },
};

/** The answer to a bug of the gateway. */
export const INTERNAL_ERROR = toApiError(undefined);

/** Documents a status of a route, with errors that its code throws as examples. */
export function ApiErrorResponse(
  status: number,
  description: string,
  ...errors: [ApiError, ...ApiError[]]
): MethodDecorator & ClassDecorator {
  const examples = Object.fromEntries(errors.map((error) => [error.code, { value: toErrorBody(error) }]));
  return applyDecorators(
    ApiExtraModels(ErrorDto, IssueDto),
    ApiResponse({
      status,
      description,
      headers: { ...REQUEST_ID_HEADER, ...HEADERS[status] },
      content: { 'application/json': { schema: { $ref: getSchemaPath(ErrorDto) }, examples } },
    }),
  );
}
