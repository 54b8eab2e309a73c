import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Schema } from '../schema.js';

/** Organizations, projects, service accounts, keys, and who changed them. */
export const identity: Migration = {
  async up(db: Kysely<Schema>): Promise<void> {
    const { schema } = db;
    await schema
      .createTable('revisions')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('value', 'bigint', (column) => column.notNull())
      .execute();
    await db.insertInto('revisions').values({ id: 1, value: 0 }).execute();

    await schema
      .createTable('organizations')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('archived_at', 'bigint')
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .execute();

    await schema
      .createTable('projects')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('organization_id', 'text', (column) => column.notNull().references('organizations.id'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('archived_at', 'bigint')
      .addColumn('model_mode', 'text')
      .addColumn('model_ids', 'text')
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .execute();

    await schema
      .createTable('service_accounts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('project_id', 'text', (column) => column.notNull().references('projects.id'))
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('deleted_at', 'bigint')
      .execute();

    await schema
      .createTable('api_keys')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('organization_id', 'text', (column) => column.notNull().references('organizations.id'))
      .addColumn('project_id', 'text', (column) => column.references('projects.id'))
      .addColumn('service_account_id', 'text', (column) => column.references('service_accounts.id'))
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('is_instance_admin', 'integer', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull().unique())
      .addColumn('redacted_value', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('last_used_at', 'bigint')
      .addColumn('deleted_at', 'bigint')
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .execute();

    await schema
      .createTable('audit_logs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('organization_id', 'text', (column) => column.notNull())
      .addColumn('project_id', 'text')
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('effective_at', 'bigint', (column) => column.notNull())
      .addColumn('actor_id', 'text', (column) => column.notNull())
      .addColumn('actor_ip', 'text')
      .addColumn('event', 'text', (column) => column.notNull())
      .execute();

    for (const [table, columns] of [
      ['organizations', ['revision']],
      ['projects', ['revision']],
      ['projects', ['organization_id', 'created_at', 'id']],
      ['service_accounts', ['project_id', 'created_at', 'id']],
      ['api_keys', ['revision']],
      ['api_keys', ['project_id', 'created_at', 'id']],
      ['api_keys', ['organization_id', 'kind', 'created_at', 'id']],
      ['audit_logs', ['organization_id', 'effective_at', 'id']],
    ] as const) {
      const name = `${table}_by_${columns[0]}${columns.length > 1 ? '_and_time' : ''}`;
      await schema
        .createIndex(name)
        .on(table)
        .columns([...columns])
        .execute();
    }
  },
};
