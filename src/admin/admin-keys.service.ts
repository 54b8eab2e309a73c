import { Injectable } from '@nestjs/common';
import { ConfiguredKeys } from '../auth/configured-keys.js';
import type { ApiKeyRow } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { Administration, notFound, readOnly } from './administration.js';
import type { AdminApiKeyDto, CreatedAdminApiKeyDto, DeletedDto } from './dto/answers.dto.js';
import type { CreateAdminApiKeyDto } from './dto/requests.dto.js';
import type { ListQuery } from './list-query.js';
import { ADMINISTRATORS, insertNewKey } from './new-key.js';
import { type Page, pageOf } from './page.js';
import { inOrder } from './rows.js';

/** The admin keys of an organization. Only administrators of the gateway see those of the whole gateway. */
@Injectable()
export class AdminKeysService {
  constructor(
    private readonly administration: Administration,
    private readonly configured: ConfiguredKeys,
  ) {}

  async list(actor: Actor, query: ListQuery): Promise<Page<AdminApiKeyDto>> {
    const organization = await this.administration.organizationOf(actor);
    return pageOf(query, this.configuredFor(actor), (after, limit) =>
      this.administration.read(async (db) => {
        let rows = db
          .selectFrom('api_keys')
          .selectAll()
          .where('organization_id', '=', organization)
          .where('kind', '=', 'admin')
          .where('deleted_at', 'is', null);
        if (!actor.isInstanceAdmin) rows = rows.where('is_instance_admin', '=', 0);
        return (await inOrder(rows, 'api_keys', query.order, after, limit).execute()).map(toAdminKey);
      }),
    );
  }

  async get(actor: Actor, id: string): Promise<AdminApiKeyDto> {
    const configured = this.configuredFor(actor).find((key) => key.id === id);
    return configured ?? toAdminKey(await this.rowOf(actor, id));
  }

  async create(
    actor: Actor,
    { name, expires_in_seconds: expiresInS }: CreateAdminApiKeyDto,
  ): Promise<CreatedAdminApiKeyDto> {
    const organization = await this.administration.organizationOf(actor);
    return this.administration.write(actor, async (change) => {
      const { row, value } = await insertNewKey(
        change,
        { organization_id: organization, kind: 'admin', name },
        expiresInS,
      );
      return { ...toAdminKey(row), value };
    });
  }

  async delete(actor: Actor, id: string): Promise<DeletedDto> {
    if (this.configuredFor(actor).some((key) => key.id === id)) throw readOnly('admin key');
    const { organization_id: organization } = await this.rowOf(actor, id);
    return this.administration.write(actor, async ({ trx, revision, now, audit }) => {
      const row = await trx
        .updateTable('api_keys')
        .set({ deleted_at: now, revision })
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .returning('id')
        .executeTakeFirst();
      if (!row) throw notFound('admin key');
      await audit({ type: 'api_key.deleted', organization, event: { id } });
      return { id, object: 'organization.admin_api_key.deleted', deleted: true };
    });
  }

  private async rowOf(actor: Actor, id: string): Promise<ApiKeyRow> {
    const organization = await this.administration.organizationOf(actor);
    const row = await this.administration.read((db) =>
      db
        .selectFrom('api_keys')
        .selectAll()
        .where('organization_id', '=', organization)
        .where('kind', '=', 'admin')
        .where('id', '=', id)
        .where('deleted_at', 'is', null)
        .executeTakeFirst(),
    );
    if (!row || (row.is_instance_admin === 1 && !actor.isInstanceAdmin)) throw notFound('admin key');
    return row;
  }

  private configuredFor(actor: Actor): AdminApiKeyDto[] {
    if (!actor.isInstanceAdmin) return [];
    return this.configured.list
      .filter(({ admin }) => admin)
      .map(({ id }) => ({
        object: 'organization.admin_api_key',
        id,
        name: id,
        redacted_value: '…',
        created_at: 0,
        expires_at: null,
        last_used_at: null,
        owner: OWNER,
        read_only: true,
      }));
  }
}

const OWNER = { type: 'user', object: 'organization.user', ...ADMINISTRATORS, created_at: 0 };

function toAdminKey(row: ApiKeyRow): AdminApiKeyDto {
  const { id, name, redacted_value, created_at, expires_at, last_used_at } = row;
  const object = 'organization.admin_api_key';
  return { object, id, name, redacted_value, created_at, expires_at, last_used_at, owner: OWNER };
}
