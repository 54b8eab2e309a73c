import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { Request } from 'express';
import { type Caller, callerOf, findCaller } from './caller.js';

export const IS_PUBLIC = 'isPublic';

/** Makes a route public, for the guard and in the OpenAPI document. Routes without it need an API key. */
export function Public(): MethodDecorator {
  return applyDecorators(SetMetadata(IS_PUBLIC, true), ApiOperation({ security: [] }));
}

export const NEEDS_ADMIN = 'needsAdmin';

/** Keeps a route for API keys with `admin: true`. */
export function AdminOnly(): MethodDecorator & ClassDecorator {
  return SetMetadata(NEEDS_ADMIN, true);
}

export const NEEDS_ORGANIZATION_ADMIN = 'needsOrganizationAdmin';

/** Keeps a route for who administers an organization: its admin keys, its own keys, and keys with `admin: true`. */
export function OrganizationAdminOnly(): MethodDecorator & ClassDecorator {
  return SetMetadata(NEEDS_ORGANIZATION_ADMIN, true);
}

/** The authenticated caller. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<Request>()),
);

/** The caller of a public route, when it shows a good API key all the same. */
export const OptionalCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller | undefined =>
  findCaller(context.switchToHttp().getRequest<Request>()),
);
