import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Schema } from '../schema.js';

/** How much an organization, a project or a key may use. */
export const limits: Migration = {
  async up(db: Kysely<Schema>): Promise<void> {
    for (const table of ['organizations', 'projects', 'api_keys'] as const) {
      await db.schema.alterTable(table).addColumn('limits', 'text').execute();
    }
  },
};
