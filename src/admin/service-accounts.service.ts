import { Injectable } from '@nestjs/common';
import type { ServiceAccountRow } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { Administration, notFound } from './administration.js';
import type {
  CreatedServiceAccountDto,
  DeletedDto,
  ServiceAccountApiKeyDto,
  ServiceAccountDto,
} from './dto/answers.dto.js';
import type { CreateServiceAccountApiKeyDto } from './dto/requests.dto.js';
import { newId } from './ids.js';
import type { ListQuery } from './list-query.js';
import { insertNewKey } from './new-key.js';
import { type Page, pageOf } from './page.js';
import { ProjectsService } from './projects.service.js';
import { inOrder } from './rows.js';

/** The service accounts of a project, which own keys. */
@Injectable()
export class ServiceAccountsService {
  constructor(
    private readonly administration: Administration,
    private readonly projects: ProjectsService,
  ) {}

  async list(actor: Actor, project: string, query: ListQuery): Promise<Page<ServiceAccountDto>> {
    const { id } = await this.projects.get(actor, project);
    return pageOf(query, [], (after, limit) =>
      this.administration.read(async (db) => {
        const rows = db
          .selectFrom('service_accounts')
          .selectAll()
          .where('project_id', '=', id)
          .where('deleted_at', 'is', null);
        return (await inOrder(rows, 'service_accounts', query.order, after, limit).execute()).map(toAccount);
      }),
    );
  }

  async get(actor: Actor, project: string, id: string): Promise<ServiceAccountDto> {
    await this.projects.get(actor, project);
    return toAccount(await this.rowOf(project, id));
  }

  /** With its first key. */
  async create(actor: Actor, project: string, name: string): Promise<CreatedServiceAccountDto> {
    const organization = await this.projects.organizationWith(actor, project);
    return this.administration.write(actor, async (change) => {
      const { trx, now, audit } = change;
      const row: ServiceAccountRow = { id: newId(), project_id: project, name, created_at: now, deleted_at: null };
      await trx.insertInto('service_accounts').values(row).execute();
      const event = { id: row.id, data: { role: 'member', name } };
      await audit({ type: 'service_account.created', organization, project, event });
      const key = await insertNewKey(change, ownerOf(organization, row, name), undefined);
      return { ...toAccount(row), api_key: toKey(key) };
    });
  }

  async update(actor: Actor, project: string, id: string, name: string): Promise<ServiceAccountDto> {
    const organization = await this.projects.organizationWith(actor, project);
    return this.administration.write(actor, async ({ trx, audit }) => {
      const row = await trx
        .updateTable('service_accounts')
        .set({ name })
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .returningAll()
        .executeTakeFirst();
      if (!row) throw notFound('service account');
      await audit({
        type: 'service_account.updated',
        organization,
        project,
        event: { id, changes_requested: { name } },
      });
      return toAccount(row);
    });
  }

  /** With its keys. */
  async delete(actor: Actor, project: string, id: string): Promise<DeletedDto> {
    const organization = await this.projects.organizationWith(actor, project);
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const row = await trx
        .updateTable('service_accounts')
        .set({ deleted_at: now })
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      if (!row) throw notFound('service account');
      await trx
        .updateTable('api_keys')
        .set({ deleted_at: now, revision })
        .where('service_account_id', '=', id)
        .where('deleted_at', 'is', null)
        .execute();
      await audit({ type: 'service_account.deleted', organization, project, event: { id } });
      return { id, object: 'organization.project.service_account.deleted', deleted: true };
    });
  }

  async createKey(
    actor: Actor,
    project: string,
    id: string,
    { name, expires_in_seconds: expiresInS }: CreateServiceAccountApiKeyDto,
  ): Promise<ServiceAccountApiKeyDto> {
    const organization = await this.projects.organizationWith(actor, project);
    const account = await this.rowOf(project, id);
    return this.administration.write(actor, async (change) =>
      toKey(await insertNewKey(change, ownerOf(organization, account, name ?? account.name), expiresInS)),
    );
  }

  private async rowOf(project: string, id: string): Promise<ServiceAccountRow> {
    const row = await this.administration.read((db) =>
      db
        .selectFrom('service_accounts')
        .selectAll()
        .where('project_id', '=', project)
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .executeTakeFirst(),
    );
    if (!row) throw notFound('service account');
    return row;
  }
}

function ownerOf(organization: string, { id, project_id: project }: ServiceAccountRow, name: string) {
  return {
    organization_id: organization,
    project_id: project,
    service_account_id: id,
    kind: 'project',
    name,
  } as const;
}

function toAccount({ id, name, created_at }: ServiceAccountRow): ServiceAccountDto {
  return { object: 'organization.project.service_account', id, name, role: 'member', created_at };
}

function toKey({ row, value }: Awaited<ReturnType<typeof insertNewKey>>): ServiceAccountApiKeyDto {
  const { id, name, created_at, expires_at } = row;
  return { object: 'organization.project.service_account.api_key', id, name, value, created_at, expires_at };
}
