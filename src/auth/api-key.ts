import { randomBytes } from 'node:crypto';
import type { ApiKeyConfig } from '../config/config.js';
import type { ClaimedTenant } from './authenticator.js';
import type { Caller } from './caller.js';
import { actFor } from './tenant.js';

export type KeyPrefix = 'dfproj_' | 'dforg_' | 'dfadmin_';

/** A new key: 256 random bits behind one of DeepFellow's prefixes, for a project, an organization or an administrator. */
export function generateApiKey(prefix: KeyPrefix): string {
  return prefix + randomBytes(32).toString('base64url');
}

/** A key of the configuration: its tenant, and what it may use. */
export class ApiKey {
  private readonly models: ReadonlySet<string> | undefined;

  constructor(private readonly config: Omit<ApiKeyConfig, 'hash'>) {
    this.models = config.models && new Set(config.models);
  }

  /**
   * The caller of a request with this key, acting for the organization and project in its headers.
   *
   * @throws {ApiError} 401 when a header contradicts the key.
   */
  authorize(claimed: ClaimedTenant): Caller {
    const { id, organization, project: own, admin: isAdmin } = this.config;
    // An administrator of the whole gateway acts for any organization.
    const tenant = isAdmin && organization === undefined ? { organization: claimed.organization } : this.config;
    const project = actFor(tenant, claimed);
    const administers = isAdmin || (organization !== undefined && own === undefined);
    return { keyId: id, organization: tenant.organization, project, models: this.models, isAdmin, administers };
  }
}
