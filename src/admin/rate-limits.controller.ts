import { Delete, Param, Post } from '@nestjs/common';
import { type Actor, CurrentActor } from './actor.js';
import { AdminBody } from './admin-body.decorator.js';
import { Answers, ListsInFixedOrder, OrganizationController, TakesBody } from './admin-route.decorator.js';
import { DeletedDto } from './dto/answers.dto.js';
import { RateLimitDto, UpdateRateLimitDto } from './dto/limits.dto.js';
import { List, type ListQuery } from './list-query.js';
import type { Page } from './page.js';
import { RateLimitsService } from './rate-limits.service.js';

@OrganizationController('/projects/:project/rate_limits', 'Rate limits')
export class RateLimitsController {
  constructor(private readonly rateLimits: RateLimitsService) {}

  /** List the limits of a project: for all models together (`rl-*`), for each model, and for patterns that have one */
  @ListsInFixedOrder(RateLimitDto)
  listRateLimits(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @List() query: ListQuery,
  ): Promise<Page<RateLimitDto>> {
    return this.rateLimits.list(actor, project, query);
  }

  /** Change the limits of all models together, of a model, or of a pattern such as `rl-llama*` */
  @Post(':rate_limit')
  @Answers(RateLimitDto, 'The limits.')
  @TakesBody(UpdateRateLimitDto)
  updateRateLimit(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('rate_limit') id: string,
    @AdminBody(UpdateRateLimitDto) body: UpdateRateLimitDto,
  ): Promise<RateLimitDto> {
    return this.rateLimits.update(actor, project, id, body);
  }

  /** Take these limits away */
  @Delete(':rate_limit')
  @Answers(DeletedDto, 'It was deleted.')
  async deleteRateLimit(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('rate_limit') id: string,
  ): Promise<DeletedDto> {
    await this.rateLimits.clear(actor, project, id);
    return { id, object: 'project.rate_limit.deleted', deleted: true };
  }
}
