import { Get, Req } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import type { Request } from 'express';
import { thrownBy } from '../common/thrown-by.js';
import type { ApiError } from '../errors/api-error.js';
import { ApiErrorResponse } from '../errors/api-error-response.decorator.js';
import { type Actor, CurrentActor } from './actor.js';
import { Answers, Lists, OrganizationController } from './admin-route.decorator.js';
import { UsagePageDto, UsageRequestDto } from './dto/usage.dto.js';
import { List, type ListQuery, queryOf } from './list-query.js';
import type { Page } from './page.js';
import { GROUPS, readUsageQuery } from './usage-query.js';
import { STATUSES } from './usage-requests-query.js';
import { UsageRequestsService } from './usage-requests.service.js';
import { UsageService } from './usage.service.js';

const optional = { required: false } as const;
const texts = { ...optional, schema: { type: 'array', items: { type: 'string' } } } as const;
const seconds = { schema: { type: 'integer' }, description: 'Unix seconds.' } as const;

const WRONG_QUERY = thrownBy(() => readUsageQuery(new URLSearchParams())) as ApiError;

@OrganizationController('/usage', 'Usage')
export class UsageController {
  constructor(
    private readonly usage: UsageService,
    private readonly requests: UsageRequestsService,
  ) {}

  /** How many requests and tokens completions have used, by buckets of time */
  @Get('completions')
  @Answers(UsagePageDto, 'A page of buckets.')
  @ApiErrorResponse(422, 'A parameter cannot be used.', WRONG_QUERY)
  @ApiQuery({ name: 'start_time', required: true, ...seconds })
  @ApiQuery({ name: 'end_time', ...optional, ...seconds })
  @ApiQuery({ name: 'bucket_width', ...optional, schema: { type: 'string', enum: ['1m', '1h', '1d'], default: '1d' } })
  @ApiQuery({ name: 'project_ids[]', ...texts })
  @ApiQuery({ name: 'user_ids[]', ...texts })
  @ApiQuery({ name: 'api_key_ids[]', ...texts })
  @ApiQuery({ name: 'models[]', ...texts })
  @ApiQuery({
    name: 'group_by[]',
    ...optional,
    schema: { type: 'array', items: { type: 'string', enum: [...GROUPS] } },
  })
  @ApiQuery({
    name: 'limit',
    ...optional,
    schema: { type: 'integer', minimum: 1 },
    description: 'Buckets: 7 of a day (31 at most), 24 of an hour (168), 60 of a minute (1440).',
  })
  @ApiQuery({
    name: 'page',
    ...optional,
    schema: { type: 'string' },
    description: 'The `next_page` of the page before.',
  })
  getCompletionsUsage(@CurrentActor() actor: Actor, @Req() request: Request): Promise<UsagePageDto> {
    return this.usage.completions(actor, readUsageQuery(queryOf(request)));
  }

  /** List the completion requests themselves, those first that ended last */
  @Lists(UsageRequestDto, 'requests')
  @ApiQuery({
    name: 'start_time',
    ...optional,
    ...seconds,
    description: 'Those that ended since, in Unix seconds; those of the last day without it.',
  })
  @ApiQuery({ name: 'project_ids[]', ...texts })
  @ApiQuery({ name: 'user_ids[]', ...texts })
  @ApiQuery({ name: 'api_key_ids[]', ...texts })
  @ApiQuery({ name: 'models[]', ...texts })
  @ApiQuery({ name: 'upstreams[]', ...texts })
  @ApiQuery({
    name: 'status',
    ...optional,
    schema: { type: 'string', enum: [...STATUSES] },
    description: '`error`: all that usage counts as one, streams that broke among them.',
  })
  listUsageRequests(@CurrentActor() actor: Actor, @List() query: ListQuery): Promise<Page<UsageRequestDto>> {
    return this.requests.list(actor, query);
  }
}
