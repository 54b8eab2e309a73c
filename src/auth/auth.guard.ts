import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ApiError } from '../errors/api-error.js';
import { exchangeOf } from '../observability/exchange.js';
import { ACCESS, type Access } from './auth.decorators.js';
import { type Authenticator, AUTHENTICATORS, type ClaimedTenant } from './authenticator.js';
import { type Caller, setCaller } from './caller.js';
import { invalidKey, missingKey, notAnAdmin, notAnOrganizationAdmin, onlyAdministers } from './refusals.js';

/** `Bearer` and a token (RFC 6750, section 2.1); the scheme is case-insensitive (RFC 9110, section 11.1). */
const BEARER = /^bearer +(\S+) *$/i;

/** Requires a valid bearer token, unless the route is `@Public()`, and a caller that the route is for. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(AUTHENTICATORS) private readonly authenticators: readonly Authenticator[],
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const places = [context.getHandler(), context.getClass()];
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, places);
    if (access === 'public') return request.headers.authorization === undefined || this.recognize(request);
    const caller = this.authenticate(request);
    if (!(caller instanceof Promise)) return admit(request, caller, access);
    return caller.then((known) => admit(request, known, access));
  }

  /** A public route needs no key; with a valid one it may show more. */
  private async recognize(request: Request): Promise<true> {
    try {
      record(request, await this.authenticate(request));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    return true;
  }

  /** @throws {ApiError} 401 */
  private authenticate({ headers }: Request): Caller | Promise<Caller> {
    if (headers.authorization === undefined) throw missingKey();
    const bearer = BEARER.exec(headers.authorization)?.[1];
    if (bearer === undefined) throw invalidKey();
    const claimed = {
      organization: headerOf(headers['openai-organization']),
      project: headerOf(headers['openai-project']),
    };
    for (const [at, authenticator] of this.authenticators.entries()) {
      const caller = authenticator.authenticate(bearer, claimed);
      if (caller instanceof Promise) return this.authenticateLater(caller, at, bearer, claimed);
      if (caller) return caller;
    }
    throw invalidKey();
  }

  private async authenticateLater(
    first: Promise<Caller | undefined>,
    at: number,
    bearer: string,
    claimed: ClaimedTenant,
  ): Promise<Caller> {
    let caller = await first;
    for (const authenticator of this.authenticators.slice(at + 1)) {
      caller ??= await authenticator.authenticate(bearer, claimed);
    }
    if (!caller) throw invalidKey();
    return caller;
  }
}

/** @throws {ApiError} 403 when the route is not for this caller. */
function admit(request: Request, caller: Caller, access: Access | undefined): true {
  // Before it is refused: the access log says who it was.
  record(request, caller);
  if (access === 'admin') {
    if (!caller.isAdmin) throw notAnAdmin();
  } else if (access === 'organization-admin') {
    if (!caller.administers) throw notAnOrganizationAdmin();
  } else if (caller.isForAdministrationOnly) {
    throw onlyAdministers();
  }
  return true;
}

function record(request: Request, caller: Caller): void {
  setCaller(request, caller);
  const exchange = exchangeOf(request);
  exchange.keyId = caller.keyId;
  exchange.organization = caller.organization;
  exchange.project = caller.project;
}

/** Swagger UI and some clients send an empty header for "none". */
function headerOf(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value.join(',') : value;
  return text === '' ? undefined : text;
}
