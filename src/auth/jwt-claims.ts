import type { JwtConfig } from '../config/config.js';
import type { Tenant } from './tenant.js';

/** Whom a verified token is for. */
export interface TokenTenant extends Tenant {
  models?: readonly string[] | undefined;
}

type Claims = Readonly<Record<string, unknown>>;

/** Undefined when the claims name no organization or, where groups are configured, none of them. */
export function tenantOf(claims: Claims, config: JwtConfig): TokenTenant | undefined {
  const models = listOf(claimAt(claims, config.modelsClaim));
  if (config.groups.length > 0) {
    const groups = listOf(claimAt(claims, config.groupsClaim)) ?? [];
    const found = config.groups.find(({ group }) => groups.includes(group));
    return found && { ...found, models: found.models ?? models };
  }
  const organization = claimAt(claims, config.organizationClaim);
  const project = claimAt(claims, config.projectClaim);
  if (typeof organization !== 'string' || organization === '') return undefined;
  return { organization, project: typeof project === 'string' ? project : undefined, models };
}

/** Keycloak puts `account` into `aud` and the client into `azp`; others put it into `client_id`. */
export function isFor({ aud, azp, client_id: clientId }: Claims, audience: string): boolean {
  return [...(listOf(aud) ?? []), azp, clientId].includes(audience);
}

function claimAt(claims: Claims, path: string): unknown {
  // The name of a claim may itself have dots, as in `https://example.com/groups`.
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Claims)[name];
  }
  return value;
}

function listOf(value: unknown): string[] | undefined {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}
