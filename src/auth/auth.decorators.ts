import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { Request } from 'express';
import { type Caller, callerOf } from './caller.js';

export const IS_PUBLIC = 'isPublic';

/** Opens a route to everybody, for the guard and in the OpenAPI document alike. Without it a route needs an API key. */
export function Public(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(IS_PUBLIC, true), ApiOperation({ security: [] }));
}

/** The authenticated caller. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<Request>()),
);
