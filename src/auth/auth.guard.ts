import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ApiError } from '../errors/api-error.js';
import { exchangeOf } from '../observability/exchange.js';
import { unauthorized } from './api-key.js';
import { ApiKeyStore } from './api-key.store.js';
import { IS_PUBLIC, NEEDS_ADMIN } from './auth.decorators.js';
import { type Caller, setCaller } from './caller.js';

/** `Bearer` and a token (RFC 6750, section 2.1); the scheme is case-insensitive (RFC 9110, section 11.1). */
const BEARER = /^bearer +(\S+) *$/i;

/** Lets nobody in without a good API key, unless the route is `@Public()`. It authenticates; it does nothing else. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeyStore,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    if (this.isMarked(IS_PUBLIC, context)) {
      this.recognize(request);
      return true;
    }
    const caller = this.authenticate(request);
    if (!caller.isAdmin && this.isMarked(NEEDS_ADMIN, context)) {
      throw new ApiError(403, 'admin_required', 'This needs an API key with `admin: true`.');
    }
    this.setCaller(request, caller);
    return true;
  }

  private isMarked(mark: string, context: ExecutionContext): boolean {
    return (
      this.reflector.getAllAndOverride<boolean | undefined>(mark, [context.getHandler(), context.getClass()]) === true
    );
  }

  /** A public route is for everybody; one who shows a good key may be told more. */
  private recognize(request: Request): void {
    if (request.headers.authorization === undefined) return;
    try {
      this.setCaller(request, this.authenticate(request));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private setCaller(request: Request, caller: Caller): void {
    setCaller(request, caller);
    const exchange = exchangeOf(request);
    exchange.keyId = caller.keyId;
    exchange.organization = caller.organization;
    exchange.project = caller.project;
  }

  /** @throws {ApiError} 401 */
  private authenticate({ headers }: Request): Caller {
    if (headers.authorization === undefined) {
      throw unauthorized('missing_api_key', 'Send your API key in the header `Authorization: Bearer <key>`.');
    }
    const presented = BEARER.exec(headers.authorization)?.[1];
    const key = presented && this.keys.find(presented);
    if (!key) throw unauthorized('invalid_api_key', 'The API key is not valid.');
    return key.authorize({
      organization: headerOf(headers['openai-organization']),
      project: headerOf(headers['openai-project']),
    });
  }
}

/** Swagger UI and some clients send an empty header for "none". */
function headerOf(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value.join(',') : value;
  return text === '' ? undefined : text;
}
