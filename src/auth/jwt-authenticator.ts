import type { JWTPayload } from 'jose';
import { createHash } from 'node:crypto';
import type { Clock } from '../common/clock.js';
import { remember } from '../common/remember.js';
import type { JwtConfig } from '../config/config.js';
import { ApiError } from '../errors/api-error.js';
import type { Logger } from '../observability/logger.js';
import type { Authenticator, ClaimedTenant } from './authenticator.js';
import type { Caller, ModelAccess } from './caller.js';
import { Jwks } from './jwks.js';
import { isFor, tenantOf, type TokenTenant } from './jwt-claims.js';
import { unauthorized } from './refusals.js';
import { actFor } from './tenant.js';

/** How long a verified token is cached, unless it expires before. */
const CACHE_MS = 60_000;

/** Cached tokens; the oldest go first. */
const CACHE_SIZE = 10_000;

interface Verified {
  subject: string;
  tenant: TokenTenant;
  models: ModelAccess | undefined;
  validUntil: number;
}

/** Tokens of an OpenID provider (RFC 7519): every bearer that is three parts separated by dots. */
export class JwtAuthenticator implements Authenticator {
  private readonly jwks: Jwks;
  private readonly verified = new Map<string, Verified>();

  constructor(
    private readonly config: JwtConfig,
    private readonly clock: Clock,
    logger: Logger,
  ) {
    this.jwks = new Jwks(config, clock, logger);
    void this.jwks.refresh();
  }

  onModuleDestroy(): void {
    this.jwks.close();
  }

  authenticate(bearer: string, claimed: ClaimedTenant): Caller | undefined | Promise<Caller> {
    if (bearer.split('.').length !== 3) return undefined;
    const digest = createHash('sha256').update(bearer).digest('base64');
    const known = this.verified.get(digest);
    if (known && this.clock.now() < known.validUntil) return callerOf(known, claimed);
    return this.verify(bearer, digest).then((verified) => callerOf(verified, claimed));
  }

  private async verify(token: string, digest: string): Promise<Verified> {
    const payload = await this.payloadOf(token);
    const { audience } = this.config;
    if (audience !== undefined && !isFor(payload, audience)) throw invalidToken('it is for another audience');
    const tenant = tenantOf(payload, this.config);
    if (!tenant) throw invalidToken('it names no organization or group that may call this gateway');
    const expiresAt = (payload.exp ?? 0) * 1000 + this.config.clockToleranceMs;
    const validUntil = Math.min(expiresAt, this.clock.now() + CACHE_MS);
    const models = tenant.models && new Set(tenant.models);
    const verified = { subject: `jwt:${payload.sub ?? ''}`, tenant, models, validUntil };
    remember(this.verified, digest, verified, CACHE_SIZE);
    return verified;
  }

  private async payloadOf(token: string): Promise<JWTPayload> {
    const { errors } = await import('jose');
    try {
      return await this.payloadWithKnownKeys(token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw asInvalid(error);
    }
    try {
      if (await this.jwks.refreshForUnknownKey()) return await this.payloadWithKnownKeys(token);
    } catch (error) {
      throw asInvalid(error);
    }
    throw invalidToken('it is signed with an unknown key');
  }

  private async payloadWithKnownKeys(token: string): Promise<JWTPayload> {
    if (!this.jwks.current) await this.jwks.refreshForUnknownKey();
    const keys = this.jwks.current;
    if (!keys) throw issuerDown();
    const { jwtVerify } = await import('jose');
    const { issuer = '', algorithms, clockToleranceMs } = this.config;
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      algorithms,
      requiredClaims: ['exp'],
      clockTolerance: clockToleranceMs / 1000,
      currentDate: new Date(this.clock.now()),
    });
    return payload;
  }
}

function callerOf({ subject, tenant, models }: Verified, claimed: ClaimedTenant): Caller {
  const project = actFor(tenant, claimed);
  return { keyId: subject, organization: tenant.organization, project, models, isAdmin: false, administers: false };
}

function asInvalid(error: unknown): ApiError {
  return error instanceof ApiError ? error : invalidToken((error as Error).message);
}

function invalidToken(why: string): ApiError {
  return unauthorized('invalid_api_key', `The token is not valid: ${why}.`);
}

function issuerDown(): ApiError {
  return new ApiError(
    503,
    'issuer_unavailable',
    'Tokens cannot be checked at the moment: their issuer does not answer.',
    {
      headers: { 'Retry-After': '5' },
    },
  );
}
