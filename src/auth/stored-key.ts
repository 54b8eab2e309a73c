import type { ApiKeyRow, KeyKind, ProjectRow } from '../storage/schema.js';
import type { ClaimedTenant } from './authenticator.js';
import type { Caller, ModelAccess } from './caller.js';
import { notYourProject, unauthorized } from './refusals.js';
import { actFor } from './tenant.js';

/** Knows the projects and organizations of keys. */
export interface KeyOwner {
  /** One string for all equal ones: thousands of keys share a few ids. */
  shared(text: string): string;
  projectOf(id: string): StoredProject | undefined;
  isArchived(organization: string): boolean;
}

/** What a key needs of its project. */
export class StoredProject {
  readonly organization: string;
  readonly isArchived: boolean;
  /** Undefined: every model. */
  readonly models: ModelAccess | undefined;

  constructor({
    organization_id: organization,
    archived_at: archivedAt,
    model_mode: mode,
    model_ids: ids,
  }: ProjectRow) {
    this.organization = organization;
    this.isArchived = archivedAt !== null;
    const named = new Set(JSON.parse(ids ?? '[]') as string[]);
    if (mode !== null) this.models = mode === 'allow_list' ? named : { has: (model) => !named.has(model) };
  }
}

/** A key of the database. */
export class StoredKey {
  readonly id: string;
  private readonly kind: KeyKind;
  private readonly organization: string;
  private readonly project: string | undefined;
  private readonly isInstanceAdmin: boolean;
  private readonly expiresAt: number;
  /** Unix seconds; undefined when unused since the last call of `takeUse`. */
  private usedAt: number | undefined;

  constructor(
    row: Pick<ApiKeyRow, 'id' | 'kind' | 'organization_id' | 'project_id' | 'is_instance_admin' | 'expires_at'>,
    private readonly owner: KeyOwner,
  ) {
    this.id = row.id;
    this.kind = owner.shared(row.kind) as KeyKind;
    this.organization = owner.shared(row.organization_id);
    this.project = row.project_id === null ? undefined : owner.shared(row.project_id);
    this.isInstanceAdmin = row.is_instance_admin === 1;
    this.expiresAt = row.expires_at ?? Infinity;
  }

  /** @throws {ApiError} 401 when the key has expired, its project or organization is archived, or a header contradicts it. */
  authorize(claimed: ClaimedTenant, now: number): Caller {
    if (now >= this.expiresAt) throw unauthorized('invalid_api_key', 'The API key has expired.');
    const organization = this.isInstanceAdmin ? (claimed.organization ?? this.organization) : this.organization;
    const project = actFor({ organization, project: this.project }, claimed);
    const stored = project === undefined ? undefined : this.owner.projectOf(project);
    if (project !== undefined && stored?.organization !== organization) throw notYourProject();
    if (this.owner.isArchived(organization) || stored?.isArchived) {
      throw unauthorized('invalid_api_key', 'The API key belongs to a project or an organization that was archived.');
    }
    this.usedAt = now;
    return {
      keyId: this.id,
      organization,
      project,
      models: stored?.models,
      isAdmin: this.isInstanceAdmin,
      administers: this.kind !== 'project',
      ...(this.kind === 'admin' && { isForAdministrationOnly: true }),
    };
  }

  takeUse(): number | undefined {
    const { usedAt } = this;
    this.usedAt = undefined;
    return usedAt;
  }
}
