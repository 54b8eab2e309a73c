import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { JsonBodyReader } from './json-body-reader.js';
import type { RequestBody } from './request-body.js';

/** Where `createApp` leaves the reader, made for the configured limits: a parameter decorator has no injection. */
export const JSON_BODY_READER = 'json body reader';

/**
 * The body, parsed from JSON. It is read after the guard: the gateway buffers nothing for clients without a key.
 *
 * @throws {ApiError} 413, 415, 422, 429 or 503: see `JsonBodyReader`.
 */
export const JsonBody = createParamDecorator((_: unknown, context: ExecutionContext): Promise<RequestBody> => {
  const request = context.switchToHttp().getRequest<Request>();
  return (request.app.get(JSON_BODY_READER) as JsonBodyReader).read(request);
});
