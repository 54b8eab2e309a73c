import { Injectable } from '@nestjs/common';
import { ConfiguredKeys } from '../auth/configured-keys.js';
import type { LimitOptions } from '../config/config.js';
import type { LimitKind } from '../limits/limit-rule.js';
import { KIND_OF } from '../limits/limit-table.js';
import { Limiter, type LimitSubject, type LimitUse } from '../limits/limiter.js';
import type { Actor } from './actor.js';
import { Administration } from './administration.js';
import { FIELD_OF, type LimitOptionsDto, type LimitsInForceDto, type LimitUseDto } from './dto/limits.dto.js';
import type { ListQuery } from './list-query.js';
import { type Page, pageOf } from './page.js';
import { inOrder } from './rows.js';

const FIELD_OF_KIND = Object.fromEntries(
  (Object.keys(KIND_OF) as (keyof LimitOptions)[]).map((option) => [KIND_OF[option], FIELD_OF[option]]),
) as Record<LimitKind, keyof LimitOptionsDto>;

interface Subject extends LimitSubject {
  name: string;
  project: string | null;
}

/** The limits in force, and how much of them is used. */
@Injectable()
export class LimitsService {
  constructor(
    private readonly administration: Administration,
    private readonly configured: ConfiguredKeys,
    private readonly limiter: Limiter,
  ) {}

  /** The organization first, then its projects, keys of the configuration, and keys of the database. */
  async list(actor: Actor, query: ListQuery): Promise<Page<LimitsInForceDto>> {
    const { hasDatabase } = this.administration;
    const organization =
      hasDatabase && actor.organization === undefined
        ? await this.administration.organizationOf(actor)
        : actor.organization;
    const stored = hasDatabase && organization !== undefined ? organization : undefined;
    const first = [...(stored === undefined ? [] : await this.withLimits(stored)), ...this.keysOf(actor)];
    const page = await pageOf(query, first, (after, limit) =>
      stored === undefined ? Promise.resolve([]) : this.storedKeys(stored, query.order, after, limit),
    );
    const uses = await this.limiter.usesOf(page.data);
    return { ...page, data: page.data.map((subject, at) => toLimitsInForce(subject, uses[at] ?? [])) };
  }

  /** The organization and its projects that have limits. */
  private withLimits(organization: string): Promise<Subject[]> {
    return this.administration.read(async (db) => {
      const organizations = await db
        .selectFrom('organizations')
        .select(['id', 'name'])
        .where('id', '=', organization)
        .where('limits', 'is not', null)
        .execute();
      const projects = await db
        .selectFrom('projects')
        .select(['id', 'name'])
        .where('organization_id', '=', organization)
        .where('archived_at', 'is', null)
        .where('limits', 'is not', null)
        .orderBy('name')
        .orderBy('id')
        .execute();
      return [
        ...organizations.map((row): Subject => ({ scope: 'organization', ...row, organization, project: null })),
        ...projects.map((row): Subject => ({ scope: 'project', ...row, organization, project: null })),
      ];
    });
  }

  /** Keys of the configuration. Administrators of the gateway see those without an organization, and all when they name none. */
  private keysOf({ organization, isInstanceAdmin }: Actor): Subject[] {
    const isSeen = (of: string | undefined): boolean =>
      of === undefined ? isInstanceAdmin : organization === undefined || of === organization;
    return this.configured.list
      .filter((key) => isSeen(key.organization))
      .filter(({ limits }) => limits !== undefined || this.limiter.limitsAllKeys)
      .map(({ id, organization: own, project = null }) => {
        return { scope: 'key', id, name: id, organization: own, project };
      });
  }

  private storedKeys(
    organization: string,
    order: 'asc' | 'desc',
    after: string | undefined,
    limit: number,
  ): Promise<Subject[]> {
    return this.administration.read(async (db) => {
      let keys = db
        .selectFrom('api_keys')
        .select(['id', 'name', 'project_id as project'])
        .where('organization_id', '=', organization)
        .where('kind', '!=', 'admin')
        .where('deleted_at', 'is', null);
      if (!this.limiter.limitsAllKeys) keys = keys.where('limits', 'is not', null);
      const rows = await inOrder(keys, 'api_keys', order, after, limit).execute();
      return rows.map((row): Subject => ({ scope: 'key', ...row, organization }));
    });
  }
}

function toLimitsInForce({ scope, id, name, project }: Subject, uses: readonly LimitUse[]): LimitsInForceDto {
  return { object: 'organization.limits', id, scope, name, project_id: project, limits: uses.map(toLimitUse) };
}

function toLimitUse({ rule: { kind, models, limit }, used, remaining }: LimitUse): LimitUseDto {
  return { kind: FIELD_OF_KIND[kind], models: models ?? null, limit, used, remaining };
}
