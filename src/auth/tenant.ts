import { ApiError } from '../errors/api-error.js';
import type { ClaimedTenant } from './authenticator.js';

/** Whom a credential belongs to. */
export interface Tenant {
  organization?: string | undefined;
  /** The only project that it may act for; without it, every one of the organization. */
  project?: string | undefined;
}

/**
 * The project that a caller acts for.
 *
 * @throws {ApiError} 401 when a header contradicts the credential.
 */
export function actFor({ organization, project }: Tenant, claimed: ClaimedTenant): string | undefined {
  if (claimed.organization !== undefined && claimed.organization !== organization) {
    throw unauthorized(
      'mismatched_organization',
      'OpenAI-Organization does not match the organization of the API key.',
    );
  }
  if (claimed.project !== undefined && !mayActFor(claimed.project, organization, project)) {
    throw notYourProject();
  }
  return claimed.project ?? project;
}

/** A project key acts for its own project, an organization key for every project of its organization. */
function mayActFor(claimed: string, organization: string | undefined, project: string | undefined): boolean {
  return project === undefined ? organization !== undefined : claimed === project;
}

export function notYourProject(): ApiError {
  return unauthorized('mismatched_project', 'OpenAI-Project is not a project that the API key may act for.');
}

/** RFC 6750, section 3: a 401 says how to authenticate. */
export function unauthorized(code: string, message: string): ApiError {
  return new ApiError(401, code, message, { headers: { 'WWW-Authenticate': 'Bearer' } });
}
