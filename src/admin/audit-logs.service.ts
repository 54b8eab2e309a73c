import { Injectable } from '@nestjs/common';
import type { Issue } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import type { AuditLogRow } from '../storage/schema.js';
import type { Actor } from './actor.js';
import { Administration } from './administration.js';
import type { AuditLogDto } from './dto/answers.dto.js';
import { listIn, type ListQuery, wholeNumberIn } from './list-query.js';
import { type Page, pageOf } from './page.js';
import { inOrder } from './rows.js';

const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** Who did what, when and from where, newest first. */
@Injectable()
export class AuditLogsService {
  constructor(private readonly administration: Administration) {}

  async list(actor: Actor, query: ListQuery): Promise<Page<AuditLogDto>> {
    const { parameters } = query;
    const times = timesIn(parameters);
    const organization = await this.administration.organizationOf(actor);
    return pageOf(query, [], (after, limit) =>
      this.administration.read(async (db) => {
        let rows = db.selectFrom('audit_logs').selectAll().where('organization_id', '=', organization);
        for (const [comparison, time] of times) rows = rows.where('effective_at', comparison, time);
        const filters = [
          ['type', listIn(parameters, 'event_types')],
          ['actor_id', listIn(parameters, 'actor_ids')],
          ['project_id', listIn(parameters, 'project_ids')],
        ] as const;
        for (const [column, values] of filters) if (values.length > 0) rows = rows.where(column, 'in', values);
        return (await inOrder(rows, 'audit_logs', 'desc', after, limit).execute()).map(toAuditLog);
      }),
    );
  }
}

/** `effective_at[gte]=…` and its like, in Unix seconds. @throws {ValidationError} 422 */
function timesIn(parameters: URLSearchParams): ['>' | '>=' | '<' | '<=', number][] {
  const issues: Issue[] = [];
  const times = Object.entries(COMPARISONS).flatMap(([name, comparison]): ['>' | '>=' | '<' | '<=', number][] => {
    const time = wholeNumberIn(parameters, `effective_at[${name}]`, 0, Number.MAX_SAFE_INTEGER, issues);
    return time === undefined ? [] : [[comparison, time]];
  });
  const [first, ...others] = issues;
  if (first) throw new ValidationError([first, ...others]);
  return times;
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
