import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { exchangeOf } from '../telemetry/exchange.js';
import { unauthorized } from './api-key.js';
import { ApiKeyStore } from './api-key.store.js';
import { IS_PUBLIC } from './auth.decorators.js';
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
    if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const caller = this.authenticate(request);
    setCaller(request, caller);
    const { keyId, organization, project } = caller;
    Object.assign(exchangeOf(request), { keyId, organization, project });
    return true;
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
