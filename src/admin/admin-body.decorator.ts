import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import type { Request } from 'express';
import { checkBody } from '../contract/check-body.js';
import { JSON_BODY_READER } from '../http/json-body.decorator.js';
import type { JsonBodyReader } from '../http/json-body-reader.js';

/** The body as its DTO. @throws {ApiError} 413, 415 or 422, in the shape of completions. */
export const AdminBody = createParamDecorator(
  async <T extends object>(dto: ClassConstructor<T>, context: ExecutionContext): Promise<T> => {
    const request = context.switchToHttp().getRequest<Request>();
    const body = await (request.app.get(JSON_BODY_READER) as JsonBodyReader).read(request);
    try {
      return checkBody(dto, body.value);
    } finally {
      body.release();
    }
  },
);
