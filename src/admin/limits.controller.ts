import { ApiErrorResponse } from '../errors/api-error-response.decorator.js';
import { limitsUnavailable } from '../limits/guarded-store.js';
import { databaseUnavailable } from '../storage/database-unavailable.js';
import { type Actor, CurrentActor } from './actor.js';
import { Lists, OrganizationController } from './admin-route.decorator.js';
import { LimitsInForceDto } from './dto/limits.dto.js';
import { LimitsService } from './limits.service.js';
import { List, type ListQuery } from './list-query.js';
import type { Page } from './page.js';

@OrganizationController('/limits', 'Limits')
export class LimitsController {
  constructor(private readonly limits: LimitsService) {}

  /** List the organization, its projects and its keys that have limits, and how much of them is used now */
  @Lists(LimitsInForceDto)
  @ApiErrorResponse(
    503,
    'The database or the limit store does not answer.',
    databaseUnavailable(new Error()),
    limitsUnavailable(),
  )
  listLimits(@CurrentActor() actor: Actor, @List() query: ListQuery): Promise<Page<LimitsInForceDto>> {
    return this.limits.list(actor, query);
  }
}
