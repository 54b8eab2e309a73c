import type { Clock } from '../common/clock.js';
import type { Storage } from '../storage/storage.js';
import { audit } from './audit-log.js';
import type { Change } from './administration.js';
import { newId } from './ids.js';
import { insertNewKey } from './new-key.js';

/** The keys of a new database. Both are shown once. */
export interface FirstKeys {
  /** Of the project `default`. */
  apiKey: string;
  /** Of the whole gateway. */
  adminKey: string;
}

/** The actor of changes that the gateway itself makes. */
const GATEWAY = { keyId: 'gateway', ip: null };

/** Runs a change outside of a request. */
export function changeStorage<T>(storage: Storage, clock: Clock, change: (change: Change) => Promise<T>): Promise<T> {
  const now = Math.floor(clock.now() / 1000);
  return storage.write((trx, revision) =>
    change({ trx, revision, now, audit: (event) => audit(trx, GATEWAY, now, event) }),
  );
}

/** Creates the organization and the project `default` and their keys in an empty database; undefined when it is not empty. */
export function makeFirstKeys(storage: Storage, clock: Clock): Promise<FirstKeys | undefined> {
  return changeStorage(storage, clock, async (change) => {
    const { trx, now, revision } = change;
    // Within the transaction: of several gateways that start at the same time, one creates them.
    if (await trx.selectFrom('organizations').select('id').executeTakeFirst()) return undefined;
    const common = { name: 'default', created_at: now, archived_at: null, limits: null, revision };
    const organization = newId();
    await trx
      .insertInto('organizations')
      .values({ id: organization, ...common })
      .execute();
    await change.audit({
      type: 'organization.created',
      organization,
      event: { id: organization, data: { name: 'default' } },
    });
    const project = newId();
    const columns = { organization_id: organization, model_mode: null, model_ids: null };
    await trx
      .insertInto('projects')
      .values({ id: project, ...columns, ...common })
      .execute();
    await change.audit({
      type: 'project.created',
      organization,
      project,
      event: { id: project, data: { name: 'default' } },
    });
    const owner = { organization_id: organization, name: 'first' };
    const { value: apiKey } = await insertNewKey(change, { ...owner, project_id: project, kind: 'project' }, undefined);
    const admin = await insertNewKey(change, { ...owner, kind: 'admin', is_instance_admin: 1 }, undefined);
    return { apiKey, adminKey: admin.value };
  });
}

/** Whether the database has a valid admin key. `now` in Unix seconds. */
export function hasAdminKey(storage: Storage, now: number): Promise<boolean> {
  return storage.read(async (db) => {
    const key = await db
      .selectFrom('api_keys')
      .select('id')
      .where('kind', '=', 'admin')
      .where('deleted_at', 'is', null)
      .where((key) => key.or([key('expires_at', 'is', null), key('expires_at', '>', now)]))
      .executeTakeFirst();
    return key !== undefined;
  });
}
