import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { JsonBodyReader } from './json-body-reader.js';

/** Where `createApp` leaves the reader, made for the configured limit: a parameter decorator has no injection. */
export const JSON_BODY_READER = 'json body reader';

/**
 * The parsed JSON body. It is read here, after the guard, so that a stranger cannot make the gateway hold 10 MB.
 *
 * @throws {ApiError} 413, 415, or 422 `json_invalid`.
 */
export const JsonBody = createParamDecorator((_: unknown, context: ExecutionContext): Promise<unknown> => {
  const [request, response] = context.getArgs<[Request, Response]>();
  return (request.app.get(JSON_BODY_READER) as JsonBodyReader).read(request, response);
});
