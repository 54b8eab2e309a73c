import { Injectable } from '@nestjs/common';
import { ConfiguredKeys } from '../auth/configured-keys.js';
import { ApiError } from '../errors/api-error.js';
import type { OrganizationRow } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { Administration, notFound } from './administration.js';
import type { OrganizationDto } from './dto/answers.dto.js';
import type { CreateOrganizationDto, UpdateOrganizationDto } from './dto/requests.dto.js';
import { newId } from './ids.js';
import type { ListQuery } from './list-query.js';
import { type Page, pageOf } from './page.js';
import { inOrder } from './rows.js';
import { columnOf, limitsOf } from './stored-limits.js';

/** The organizations of the gateway, for its administrators. */
@Injectable()
export class OrganizationsService {
  constructor(
    private readonly administration: Administration,
    private readonly configured: ConfiguredKeys,
  ) {}

  async list(query: ListQuery): Promise<Page<OrganizationDto>> {
    const named = new Set(this.configured.list.flatMap(({ organization }) => organization ?? []));
    const known = await this.administration.read((db) =>
      db
        .selectFrom('organizations')
        .select('id')
        // PostgreSQL takes no empty list.
        .where('id', 'in', [...named, ''])
        .execute(),
    );
    for (const { id } of known) named.delete(id);
    return pageOf(query, [...named].map(configuredOrganization), (after, limit) =>
      this.administration.read(async (db) => {
        const rows = db.selectFrom('organizations').selectAll().where('archived_at', 'is', null);
        return (await inOrder(rows, 'organizations', query.order, after, limit).execute()).map(toOrganization);
      }),
    );
  }

  async get(id: string): Promise<OrganizationDto> {
    const row = await this.administration.read((db) =>
      db.selectFrom('organizations').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    if (row) return toOrganization(row);
    if (this.configured.list.some(({ organization }) => organization === id)) return configuredOrganization(id);
    throw notFound('organization');
  }

  async create(actor: Actor, { id = newId(), name, limits }: CreateOrganizationDto): Promise<OrganizationDto> {
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const isTaken = await trx.selectFrom('organizations').select('id').where('id', '=', id).executeTakeFirst();
      if (isTaken) throw alreadyExists(id);
      const row: OrganizationRow = { id, name, created_at: now, archived_at: null, limits: columnOf(limits), revision };
      await trx.insertInto('organizations').values(row).execute();
      await audit({
        type: 'organization.created',
        organization: id,
        event: { id, data: { name, limits: limitsOf(row) } },
      });
      return toOrganization(row);
    });
  }

  async update(actor: Actor, id: string, { name, limits }: UpdateOrganizationDto): Promise<OrganizationDto> {
    return this.administration.write(actor, async ({ trx, revision, audit }) => {
      const row = await trx
        .updateTable('organizations')
        .set({
          ...(name !== undefined && { name }),
          ...(limits && { limits: columnOf(limits) }),
          revision,
        })
        .where('id', '=', id)
        .where('archived_at', 'is', null)
        .returningAll()
        .executeTakeFirst();
      if (!row) throw notFound('organization');
      await audit({
        type: 'organization.updated',
        organization: id,
        event: { id, changes_requested: { name, limits: limits && limitsOf(row) } },
      });
      return toOrganization(row);
    });
  }

  /** Its keys become invalid; its audit log stays. */
  async archive(actor: Actor, id: string): Promise<OrganizationDto> {
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const row = await trx
        .updateTable('organizations')
        .set({ archived_at: now, revision })
        .where('id', '=', id)
        .where('archived_at', 'is', null)
        .returningAll()
        .executeTakeFirst();
      if (!row) throw notFound('organization');
      await audit({ type: 'organization.archived', organization: id, event: { id } });
      return toOrganization(row);
    });
  }
}

function toOrganization(row: OrganizationRow): OrganizationDto {
  const { id, name, created_at, archived_at } = row;
  return { object: 'organization', id, name, created_at, archived_at, limits: limitsOf(row) };
}

function configuredOrganization(id: string): OrganizationDto {
  return { object: 'organization', id, name: id, created_at: 0, archived_at: null, limits: null, read_only: true };
}

export function alreadyExists(id: string): ApiError {
  return new ApiError(409, 'already_exists', `There is an organization ${id} already.`, { param: 'id' });
}
