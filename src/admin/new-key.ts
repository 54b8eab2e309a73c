import { generateApiKey, type KeyPrefix } from '../auth/api-key.js';
import { hashApiKey } from '../config/api-key-hash.js';
import type { ApiKeyRow } from '../storage/schema.js';
import type { Change } from './administration.js';
import { newId } from './ids.js';
import { limitsOf } from './stored-limits.js';

const PREFIXES: Readonly<Record<ApiKeyRow['kind'], KeyPrefix>> = {
  project: 'dfproj_',
  organization: 'dforg_',
  admin: 'dfadmin_',
};

/** Characters at the end of a key that are kept for display. */
const SHOWN_LENGTH = 4;

type Owner = Pick<ApiKeyRow, 'organization_id' | 'kind' | 'name'> &
  Partial<Pick<ApiKeyRow, 'project_id' | 'service_account_id' | 'is_instance_admin' | 'limits'>>;

/** Creates a key, and writes its hash and the audit event. Only the caller gets the key itself. */
export async function insertNewKey(
  { trx, revision, now, audit }: Change,
  owner: Owner,
  expiresInS: number | undefined,
): Promise<{ row: ApiKeyRow; value: string }> {
  const prefix = PREFIXES[owner.kind];
  const value = generateApiKey(prefix);
  const row: ApiKeyRow = {
    project_id: null,
    service_account_id: null,
    is_instance_admin: 0,
    limits: null,
    ...owner,
    id: newId(),
    hash: hashApiKey(value),
    redacted_value: `${prefix}…${value.slice(-SHOWN_LENGTH)}`,
    created_at: now,
    expires_at: expiresInS === undefined ? null : now + expiresInS,
    last_used_at: null,
    deleted_at: null,
    revision,
  };
  await trx.insertInto('api_keys').values(row).execute();
  const { id, name, kind, expires_at: expiresAt } = row;
  await audit({
    type: 'api_key.created',
    organization: owner.organization_id,
    project: row.project_id,
    event: { id, data: { name, kind, expires_at: expiresAt, scopes: [], limits: limitsOf(row) } },
  });
  return { row, value };
}

/** The owner of keys without a service account: the gateway has no users. */
export const ADMINISTRATORS = { id: 'administrators', name: 'administrators', role: 'owner' } as const;
