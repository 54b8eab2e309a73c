import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import type { Request } from 'express';
import { type Caller, callerOf, findCaller } from './caller.js';

/** Who may call a route; without it, every API key but admin keys. */
export type Access = 'public' | 'admin' | 'organization-admin';

export const ACCESS = 'access';

const setAccess = (access: Access): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, access);

/** Makes a route public, for the guard and in the OpenAPI document. */
export function Public(): MethodDecorator {
  return applyDecorators(setAccess('public'), ApiOperation({ security: [] }));
}

/** A route for API keys with `admin: true`. */
export function AdminOnly(): MethodDecorator & ClassDecorator {
  return setAccess('admin');
}

/** A route for who administers an organization: its admin keys, its own keys, and keys with `admin: true`. */
export function OrganizationAdminOnly(): MethodDecorator & ClassDecorator {
  return setAccess('organization-admin');
}

/** The authenticated caller. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<Request>()),
);

/** The caller of a public route, if it sent a valid API key. */
export const OptionalCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller | undefined =>
  findCaller(context.switchToHttp().getRequest<Request>()),
);
