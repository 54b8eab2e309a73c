import type { Transaction } from 'kysely';
import type { Schema } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { newId } from './ids.js';

/** OpenAI's names, and ours for upstreams and organizations. */
type AuditEventType =
  | 'organization.created'
  | 'organization.updated'
  | 'organization.archived'
  | 'project.created'
  | 'project.updated'
  | 'project.archived'
  | 'rate_limit.updated'
  | 'rate_limit.deleted'
  | 'service_account.created'
  | 'service_account.updated'
  | 'service_account.deleted'
  | 'api_key.created'
  | 'api_key.updated'
  | 'api_key.deleted'
  | 'upstream.drained'
  | 'upstream.undrained';

export interface AuditEvent {
  type: AuditEventType;
  organization: string;
  project?: string | null;
  /** The id of what was changed, and the change. Never a key. */
  event: { id: string; data?: object; changes_requested?: object };
}

/** Writes the event in the transaction of the change: neither exists without the other. `now` in Unix seconds. */
export async function audit(
  trx: Transaction<Schema>,
  { keyId, ip }: Pick<Actor, 'keyId' | 'ip'>,
  now: number,
  { type, organization, project = null, event }: AuditEvent,
): Promise<void> {
  await trx
    .insertInto('audit_logs')
    .values({
      id: newId(),
      organization_id: organization,
      project_id: project,
      type,
      effective_at: now,
      actor_id: keyId,
      actor_ip: ip,
      event: JSON.stringify(event),
    })
    .execute();
}
