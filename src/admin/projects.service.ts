import { Injectable } from '@nestjs/common';
import type { Kysely, Transaction } from 'kysely';
import { ConfiguredKeys } from '../auth/configured-keys.js';
import { ApiError } from '../errors/api-error.js';
import type { ModelMode, ProjectRow, Schema } from '../storage/schema.js';
import type { ScopeLimits } from '../config/config.js';
import type { Actor } from './actor.js';
import { Administration, notFound, readOnly } from './administration.js';
import type { AuditEvent } from './audit-log.js';
import type { ModelPermissionsDto, ProjectDto } from './dto/answers.dto.js';
import type { CreateProjectDto, UpdateModelPermissionsDto, UpdateProjectDto } from './dto/requests.dto.js';
import { newId } from './ids.js';
import type { ListQuery } from './list-query.js';
import { type Page, pageOf } from './page.js';
import { inOrder } from './rows.js';
import { columnOf, columnOfScope, limitsIn, limitsOf } from './stored-limits.js';

/** The projects of an organization. */
@Injectable()
export class ProjectsService {
  constructor(
    private readonly administration: Administration,
    private readonly configured: ConfiguredKeys,
  ) {}

  async list(actor: Actor, query: ListQuery): Promise<Page<ProjectDto>> {
    const organization = await this.administration.organizationOf(actor);
    const hasArchived = query.parameters.get('include_archived') === 'true';
    return pageOf(query, this.configuredOf(organization), (after, limit) =>
      this.administration.read(async (db) => {
        let rows = db.selectFrom('projects').selectAll().where('organization_id', '=', organization);
        if (!hasArchived) rows = rows.where('archived_at', 'is', null);
        return (await inOrder(rows, 'projects', query.order, after, limit).execute()).map(toProject);
      }),
    );
  }

  async get(actor: Actor, id: string): Promise<ProjectDto> {
    const organization = await this.administration.organizationOf(actor);
    const configured = this.configuredOf(organization).find((each) => each.id === id);
    return configured ?? toProject(await this.rowOf(organization, id));
  }

  async create(actor: Actor, { name, models, limits }: CreateProjectDto): Promise<ProjectDto> {
    const organization = await this.administration.organizationOf(actor);
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const row: ProjectRow = {
        id: newId(),
        organization_id: organization,
        name,
        created_at: now,
        archived_at: null,
        ...columnsOf(models),
        limits: columnOf(limits),
        revision,
      };
      await trx.insertInto('projects').values(row).execute();
      const event = { id: row.id, data: { name, models, limits: limitsOf(row) } };
      await audit({ type: 'project.created', organization, project: row.id, event });
      return toProject(row);
    });
  }

  async update(actor: Actor, id: string, { name, models, limits }: UpdateProjectDto): Promise<ProjectDto> {
    const column = columnOf(limits);
    const changes = {
      ...(name !== undefined && { name }),
      ...(models !== undefined && columnsOf(models)),
      ...(limits && { limits: column }),
    };
    return this.change(actor, id, changes, { name, models, limits: limits && limitsOf({ limits: column }) });
  }

  async archive(actor: Actor, id: string): Promise<ProjectDto> {
    const organization = await this.organizationWith(actor, id);
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const row = await updateProject(trx, organization, id, { archived_at: now, revision });
      await audit({ type: 'project.archived', organization, project: id, event: { id } });
      return toProject(row);
    });
  }

  async permissions(actor: Actor, id: string): Promise<ModelPermissionsDto> {
    const organization = await this.organizationWith(actor, id);
    const { model_mode: mode, model_ids: ids } = await this.rowOf(organization, id);
    if (mode === null)
      throw new ApiError(404, 'not_found', 'This project has no model permissions: it may use all models.');
    return { object: 'project.model_permissions', mode, model_ids: JSON.parse(ids ?? '[]') as string[] };
  }

  async setPermissions(
    actor: Actor,
    id: string,
    { mode, model_ids: ids }: UpdateModelPermissionsDto,
  ): Promise<ModelPermissionsDto> {
    await this.change(actor, id, { model_mode: mode, model_ids: JSON.stringify(ids) }, { mode, model_ids: ids });
    return { object: 'project.model_permissions', mode, model_ids: ids };
  }

  async clearPermissions(actor: Actor, id: string): Promise<void> {
    await this.change(actor, id, columnsOf('all'), { models: 'all' });
  }

  async limits(actor: Actor, id: string): Promise<ScopeLimits> {
    const organization = await this.administration.organizationOf(actor);
    const isConfigured = this.configuredOf(organization).some((each) => each.id === id);
    return isConfigured ? {} : limitsIn(await this.rowOf(organization, id));
  }

  /** Changes the current limits in one transaction, and resolves with the new ones. */
  async changeLimits(
    actor: Actor,
    id: string,
    change: (limits: ScopeLimits) => ScopeLimits,
    event: Pick<AuditEvent, 'type' | 'event'>,
  ): Promise<ScopeLimits> {
    const organization = await this.organizationWith(actor, id);
    return this.administration.write(actor, async ({ trx, revision, audit }) => {
      const row = await projectOf(trx, organization, id);
      const limits = change(limitsIn(row));
      await updateProject(trx, organization, id, { limits: columnOfScope(limits), revision });
      await audit({ ...event, organization, project: id });
      return limits;
    });
  }

  /**
   * The organization of the actor, which has this project in the database.
   *
   * @throws {ApiError} 404 when it has not, 400 when the project is the configuration's.
   */
  async organizationWith(actor: Actor, project: string): Promise<string> {
    const organization = await this.administration.organizationOf(actor);
    if (this.configuredOf(organization).some(({ id }) => id === project)) throw readOnly('project');
    await this.rowOf(organization, project);
    return organization;
  }

  private async change(actor: Actor, id: string, columns: Partial<ProjectRow>, requested: object): Promise<ProjectDto> {
    const organization = await this.organizationWith(actor, id);
    return this.administration.write(actor, async ({ trx, revision, audit }) => {
      const row = await updateProject(trx, organization, id, { ...columns, revision });
      const event = { id, changes_requested: requested };
      await audit({ type: 'project.updated', organization, project: id, event });
      return toProject(row);
    });
  }

  private async rowOf(organization: string, id: string): Promise<ProjectRow> {
    return this.administration.read((db) => projectOf(db, organization, id));
  }

  /** Projects named by keys of the configuration. */
  private configuredOf(organization: string): ProjectDto[] {
    const keys = this.configured.list.filter((key) => key.organization === organization && key.project !== undefined);
    return [...new Set(keys.map(({ project = '' }) => project))].map((id) => ({
      object: 'organization.project',
      id,
      name: id,
      created_at: 0,
      archived_at: null,
      status: 'active',
      models: 'all',
      limits: null,
      read_only: true,
    }));
  }
}

async function projectOf(db: Kysely<Schema>, organization: string, id: string): Promise<ProjectRow> {
  const row = await db
    .selectFrom('projects')
    .selectAll()
    .where('organization_id', '=', organization)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw notFound('project');
  return row;
}

async function updateProject(
  trx: Transaction<Schema>,
  organization: string,
  id: string,
  columns: Partial<ProjectRow>,
): Promise<ProjectRow> {
  const row = await trx
    .updateTable('projects')
    .set(columns)
    .where('organization_id', '=', organization)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw notFound('project');
  return row;
}

function columnsOf(models: 'all' | string[] = 'all'): { model_mode: ModelMode | null; model_ids: string | null } {
  if (models === 'all') return { model_mode: null, model_ids: null };
  return { model_mode: 'allow_list', model_ids: JSON.stringify(models) };
}

function toProject(row: ProjectRow): ProjectDto {
  const { id, name, created_at, archived_at, model_mode: mode, model_ids: ids } = row;
  return {
    object: 'organization.project',
    id,
    name,
    created_at,
    archived_at,
    status: archived_at === null ? 'active' : 'archived',
    models: mode === 'allow_list' ? (JSON.parse(ids ?? '[]') as string[]) : 'all',
    limits: limitsOf(row),
  };
}
