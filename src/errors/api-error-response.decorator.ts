import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse } from '@nestjs/swagger';
import { ErrorDto, IssueDto } from './error.dto.js';

/** What every answer carries. */
export const REQUEST_ID_HEADER = {
  'x-request-id': { description: 'The id of the request, for support.', schema: { type: 'string' } },
} as const;

const HEADERS: Record<number, object> = {
  401: { 'WWW-Authenticate': { description: 'Always `Bearer`.', schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'Seconds, or a date.', schema: { type: 'string' } } },
  503: { 'Retry-After': { description: 'Seconds, or a date.', schema: { type: 'string' } } },
};

/** Documents an error that a route may answer with. */
export function ApiErrorResponse(status: number, description: string): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(IssueDto),
    ApiResponse({ status, description, type: ErrorDto, headers: { ...REQUEST_ID_HEADER, ...HEADERS[status] } }),
  );
}
