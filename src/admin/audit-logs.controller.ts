import { ApiQuery } from '@nestjs/swagger';
import { type Actor, CurrentActor } from './actor.js';
import { ListsInFixedOrder, OrganizationController } from './admin-route.decorator.js';
import { AuditLogsService } from './audit-logs.service.js';
import { AuditLogDto } from './dto/answers.dto.js';
import { List, type ListQuery } from './list-query.js';
import type { Page } from './page.js';

const texts = { required: false, schema: { type: 'array', items: { type: 'string' } } } as const;

@OrganizationController('/audit_logs', 'Audit logs')
export class AuditLogsController {
  constructor(private readonly logs: AuditLogsService) {}

  /** List what administrators did, newest first */
  @ListsInFixedOrder(AuditLogDto)
  @ApiQuery({
    name: 'effective_at[gte]',
    required: false,
    schema: { type: 'integer' },
    description: 'Unix seconds; also `gt`, `lt`, `lte`.',
  })
  @ApiQuery({ name: 'event_types[]', ...texts, description: 'Such as `api_key.created`.' })
  @ApiQuery({ name: 'actor_ids[]', ...texts, description: 'Ids of the keys that did it.' })
  @ApiQuery({ name: 'project_ids[]', ...texts })
  listAuditLogs(@CurrentActor() actor: Actor, @List() query: ListQuery): Promise<Page<AuditLogDto>> {
    return this.logs.list(actor, query);
  }
}
