import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ApiError } from './api-error.js';
import { toErrorBody } from './error-body.js';
import { ErrorDto, IssueDto } from './error.dto.js';
import { modelNotFound } from './model-not-found.js';
import { ValidationError } from './validation-error.js';

/** What every answer carries. */
export const REQUEST_ID_HEADER = {
  'x-request-id': { description: 'The id of the request, for support.', schema: { type: 'string' } },
} as const;

const HEADERS: Record<number, object> = {
  401: { 'WWW-Authenticate': { description: 'Always `Bearer`.', schema: { type: 'string' } } },
  429: { 'Retry-After': { description: 'Seconds, or a date.', schema: { type: 'string' } } },
  503: { 'Retry-After': { description: 'Seconds, or a date.', schema: { type: 'string' } } },
};

/** One error of each status, for the document. */
const EXAMPLES: Record<number, ApiError> = {
  400: new ApiError(400, 'context_length_exceeded', "This model's maximum context length is 512 tokens, however …"),
  401: new ApiError(401, 'invalid_api_key', 'The API key is not valid.'),
  404: modelNotFound(),
  413: new ApiError(413, 'request_too_large', 'The body is larger than 10485760 bytes.'),
  415: new ApiError(
    415,
    'unsupported_media_type',
    'Send the body as JSON, with the header `Content-Type: application/json`.',
  ),
  422: new ValidationError([
    { loc: ['body', 'temperature'], msg: 'Input should be less than or equal to 2', type: 'less_than_equal' },
  ]),
  429: new ApiError(429, 'rate_limit_exceeded', 'The upstream is at its rate limit.'),
  500: new ApiError(500, 'internal_error', 'The gateway failed to handle this request. The error has been logged.'),
  502: new ApiError(502, 'upstream_error', 'The upstream gave an answer that cannot be used.'),
  503: new ApiError(503, 'no_upstream_available', 'No upstream of this model can be reached. Try again later.'),
  504: new ApiError(504, 'upstream_timeout', 'The upstream did not answer in time.'),
};

/** Documents an error that a route may answer with. */
export function ApiErrorResponse(status: number, description: string): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(ErrorDto, IssueDto),
    ApiResponse({
      status,
      description,
      headers: { ...REQUEST_ID_HEADER, ...HEADERS[status] },
      content: { 'application/json': { schema: { $ref: getSchemaPath(ErrorDto) }, ...exampleOf(status) } },
    }),
  );
}

function exampleOf(status: number): { example?: object } {
  const error = EXAMPLES[status];
  return error ? { example: toErrorBody(error) } : {};
}
