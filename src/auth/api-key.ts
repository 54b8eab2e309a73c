import { randomBytes } from 'node:crypto';
import type { ApiKeyConfig } from '../config/config.js';
import { ApiError } from '../errors/api-error.js';
import type { Caller } from './caller.js';

/** Whom the caller says that it acts for, in `OpenAI-Organization` and `OpenAI-Project`. */
export interface ClaimedTenant {
  organization: string | undefined;
  project: string | undefined;
}

/** A new key: 256 random bits behind DeepFellow's prefixes, project key or organization key. */
export function generateApiKey(isProjectKey: boolean): string {
  return (isProjectKey ? 'dfproj_' : 'dforg_') + randomBytes(32).toString('base64url');
}

/** A configured key: who it belongs to, and whom it may act for. */
export class ApiKey {
  private readonly models: ReadonlySet<string> | undefined;

  constructor(private readonly config: Omit<ApiKeyConfig, 'hash'>) {
    this.models = config.models && new Set(config.models);
  }

  /**
   * The caller that this key makes, acting for the organization and project that the headers claim.
   *
   * @throws {ApiError} 401 when a header contradicts the key.
   */
  authorize(claimed: ClaimedTenant): Caller {
    const { id, organization, project, admin: isAdmin } = this.config;
    if (claimed.organization !== undefined && claimed.organization !== organization) {
      throw unauthorized(
        'mismatched_organization',
        'OpenAI-Organization does not match the organization of the API key.',
      );
    }
    if (claimed.project !== undefined && !this.mayActFor(claimed.project)) {
      throw unauthorized('mismatched_project', 'OpenAI-Project is not a project that the API key may act for.');
    }
    return { keyId: id, organization, project: claimed.project ?? project, models: this.models, isAdmin };
  }

  /** A project key acts for its own project, an organization key for every project of its organization. */
  private mayActFor(project: string): boolean {
    if (this.config.project !== undefined) return project === this.config.project;
    return this.config.organization !== undefined;
  }
}

/** RFC 6750, section 3: a 401 says how to authenticate. */
export function unauthorized(code: string, message: string): ApiError {
  return new ApiError(401, code, message, { headers: { 'WWW-Authenticate': 'Bearer' } });
}
