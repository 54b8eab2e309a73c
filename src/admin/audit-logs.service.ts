import { Injectable } from '@nestjs/common';
import type { AuditLogRow } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { Administration } from './administration.js';
import type { AuditLogDto } from './dto/answers.dto.js';
import type { ListQuery } from './list-query.js';
import { type Page, pageOf } from './page.js';
import { QueryReader } from './query-reader.js';
import { inOrder } from './rows.js';

/** `effective_at[gte]=…` and its like, in Unix seconds. */
const COMPARISONS = [
  ['effective_at[gt]', '>'],
  ['effective_at[gte]', '>='],
  ['effective_at[lt]', '<'],
  ['effective_at[lte]', '<='],
] as const;

const FILTERS = [
  ['event_types', 'type'],
  ['actor_ids', 'actor_id'],
  ['project_ids', 'project_id'],
] as const;

/** The audit log, newest first. */
@Injectable()
export class AuditLogsService {
  constructor(private readonly administration: Administration) {}

  async list(actor: Actor, query: ListQuery): Promise<Page<AuditLogDto>> {
    const reader = new QueryReader(query.parameters);
    const times = COMPARISONS.map(([name, comparison]) => {
      return { comparison, time: reader.wholeNumber(name, 0, Number.MAX_SAFE_INTEGER) };
    });
    reader.check();
    const organization = await this.administration.organizationOf(actor);
    return pageOf(query, [], (after, limit) =>
      this.administration.read(async (db) => {
        let rows = db.selectFrom('audit_logs').selectAll().where('organization_id', '=', organization);
        for (const { comparison, time } of times) {
          if (time !== undefined) rows = rows.where('effective_at', comparison, time);
        }
        for (const [name, column] of FILTERS) {
          const values = reader.list(name);
          if (values.length > 0) rows = rows.where(column, 'in', values);
        }
        return (await inOrder(rows, 'audit_logs', 'desc', after, limit).execute()).map(toAuditLog);
      }),
    );
  }
}

function toAuditLog(row: AuditLogRow): AuditLogDto {
  const { id, type, effective_at, actor_id: actor, actor_ip: ip, project_id: project, event } = row;
  return {
    object: 'organization.audit_log',
    id,
    type,
    effective_at,
    // OpenAI's shape of a key that acted, and where from.
    actor: { type: 'api_key', api_key: { id: actor, type: 'user' }, ip_address: ip },
    ...(project !== null && { project: { id: project } }),
    [type]: JSON.parse(event) as object,
  };
}
