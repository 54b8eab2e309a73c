import { Injectable } from '@nestjs/common';
import { ConfiguredKeys } from '../auth/configured-keys.js';
import type { ApiKeyRow } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { Administration, notFound, readOnly } from './administration.js';
import type { ApiKeyDto, CreatedApiKeyDto, DeletedDto } from './dto/answers.dto.js';
import type { CreateProjectApiKeyDto, UpdateProjectApiKeyDto } from './dto/requests.dto.js';
import type { ListQuery } from './list-query.js';
import { ADMINISTRATORS, insertNewKey } from './new-key.js';
import { type Page, pageOf } from './page.js';
import { ProjectsService } from './projects.service.js';
import { inOrder } from './rows.js';
import { columnOf, limitsAnswered, limitsOf } from './stored-limits.js';

/** The API keys of a project. */
@Injectable()
export class ProjectKeysService {
  constructor(
    private readonly administration: Administration,
    private readonly projects: ProjectsService,
    private readonly configured: ConfiguredKeys,
  ) {}

  async list(actor: Actor, project: string, query: ListQuery): Promise<Page<ApiKeyDto>> {
    const { id } = await this.projects.get(actor, project);
    return pageOf(query, await this.configuredOf(actor, id), (after, limit) =>
      this.administration.read(async (db) => {
        const rows = db.selectFrom('api_keys').selectAll().where('project_id', '=', id).where('deleted_at', 'is', null);
        return (await inOrder(rows, 'api_keys', query.order, after, limit).execute()).map(toApiKey);
      }),
    );
  }

  async get(actor: Actor, project: string, id: string): Promise<ApiKeyDto> {
    await this.projects.get(actor, project);
    const configured = (await this.configuredOf(actor, project)).find((key) => key.id === id);
    return configured ?? toApiKey(await this.rowOf(project, id));
  }

  async create(
    actor: Actor,
    project: string,
    { name, expires_in_seconds: expiresInS, limits }: CreateProjectApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    const organization = await this.projects.organizationWith(actor, project);
    return this.administration.write(actor, async (change) => {
      const owner = { organization_id: organization, project_id: project, kind: 'project', name } as const;
      const { row, value } = await insertNewKey(change, { ...owner, limits: columnOf(limits) }, expiresInS);
      return { ...toApiKey(row), value };
    });
  }

  async update(
    actor: Actor,
    project: string,
    id: string,
    { name, expires_in_seconds: expiresInS, limits }: UpdateProjectApiKeyDto,
  ): Promise<ApiKeyDto> {
    const organization = await this.organizationWith(actor, project, id);
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const row = await trx
        .updateTable('api_keys')
        .set({
          ...(name !== undefined && { name }),
          ...(expiresInS !== undefined && { expires_at: now + expiresInS }),
          ...(limits && { limits: columnOf(limits) }),
          revision,
        })
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .returningAll()
        .executeTakeFirst();
      if (!row) throw notFound('API key');
      const requested = { name, expires_in_seconds: expiresInS, limits: limits && limitsOf(row) };
      const event = { id, changes_requested: requested };
      await audit({ type: 'api_key.updated', organization, project, event });
      return toApiKey(row);
    });
  }

  async delete(actor: Actor, project: string, id: string): Promise<DeletedDto> {
    const organization = await this.organizationWith(actor, project, id);
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const row = await trx
        .updateTable('api_keys')
        .set({ deleted_at: now, revision })
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      if (!row) throw notFound('API key');
      await audit({ type: 'api_key.deleted', organization, project, event: { id } });
      return { id, object: 'organization.project.api_key.deleted', deleted: true };
    });
  }

  private async organizationWith(actor: Actor, project: string, key: string): Promise<string> {
    if ((await this.configuredOf(actor, project)).some(({ id }) => id === key)) throw readOnly('API key');
    return this.projects.organizationWith(actor, project);
  }

  private async rowOf(project: string, id: string): Promise<ApiKeyRow> {
    const row = await this.administration.read((db) =>
      db
        .selectFrom('api_keys')
        .selectAll()
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .executeTakeFirst(),
    );
    if (!row) throw notFound('API key');
    return row;
  }

  private async configuredOf(actor: Actor, project: string): Promise<ApiKeyDto[]> {
    const organization = await this.administration.organizationOf(actor);
    const keys = this.configured.list.filter(
      (key) => key.organization === organization && key.project === project && !key.admin,
    );
    return keys.map(({ id, limits = {} }) => ({
      ...COMMON,
      id,
      name: id,
      redacted_value: '…',
      ...UNKNOWN_TIMES,
      limits: limitsAnswered(limits),
      read_only: true,
    }));
  }
}

const UNKNOWN_TIMES = { created_at: 0, expires_at: null, last_used_at: null };

const COMMON = {
  object: 'organization.project.api_key',
  owner: { type: 'user', user: { ...ADMINISTRATORS, email: '', created_at: 0 } },
  owner_project_access: 'active',
} as const;

function toApiKey(row: ApiKeyRow): ApiKeyDto {
  const { id, name, redacted_value, created_at, expires_at, last_used_at, service_account_id: account } = row;
  const owner =
    account === null
      ? COMMON.owner
      : { type: 'service_account', service_account: { id: account, name, created_at, role: 'member' } };
  return { ...COMMON, id, name, redacted_value, created_at, expires_at, last_used_at, owner, limits: limitsOf(row) };
}
