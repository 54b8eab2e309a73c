import type { ClaimedTenant } from './authenticator.js';
import { notYourOrganization, notYourProject } from './refusals.js';

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
  if (claimed.organization !== undefined && claimed.organization !== organization) throw notYourOrganization();
  if (claimed.project !== undefined && !mayActFor(claimed.project, organization, project)) throw notYourProject();
  return claimed.project ?? project;
}

/** A project key acts for its own project, an organization key for every project of its organization. */
function mayActFor(claimed: string, organization: string | undefined, project: string | undefined): boolean {
  return project === undefined ? organization !== undefined : claimed === project;
}
