import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsOptional, ValidateNested } from 'class-validator';
import { LIMIT_MAXIMA, type LimitOptions } from '../../config/config.js';
import { IsDictionary } from '../../contract/field-rules.js';
import { INT64 } from '../../contract/int64.js';
import { IsMapOfDictionaries, IsWholeFrom } from '../../contract/plain-rules.js';

/** Each pattern is tried for each model that is asked for. */
export const MAX_PATTERNS = 100;

function IsLimit(most: number): PropertyDecorator {
  const schema = { ...INT64, minimum: 1, maximum: most };
  return applyDecorators(ApiPropertyOptional(schema), IsOptional(), IsWholeFrom(1, most));
}

/** Without a limit, any number. */
export class LimitOptionsDto {
  /** Requests a minute, as many at once after a minute without any. */
  @IsLimit(LIMIT_MAXIMA.requestsPerMinute)
  requests_per_minute?: number;

  /** Tokens a minute: of prompts and of answers. */
  @IsLimit(LIMIT_MAXIMA.tokensPerMinute)
  tokens_per_minute?: number;

  /** Requests a day, in UTC. */
  @IsLimit(LIMIT_MAXIMA.requestsPerDay)
  requests_per_day?: number;

  /** Tokens a calendar month, in UTC. */
  @IsLimit(LIMIT_MAXIMA.tokensPerMonth)
  tokens_per_month?: number;

  /** Requests that are under way at the same time. */
  @IsLimit(LIMIT_MAXIMA.concurrentRequests)
  concurrent_requests?: number;
}

/** The fields for the options of the configuration. */
export const FIELD_OF = {
  requestsPerMinute: 'requests_per_minute',
  tokensPerMinute: 'tokens_per_minute',
  requestsPerDay: 'requests_per_day',
  tokensPerMonth: 'tokens_per_month',
  concurrentRequests: 'concurrent_requests',
} as const satisfies Record<keyof LimitOptions, keyof LimitOptionsDto>;

@ApiExtraModels(LimitOptionsDto)
export class LimitsDto extends LimitOptionsDto {
  @ApiPropertyOptional({
    description: 'Further limits for the models that match a pattern, all of them together.',
    type: 'object',
    additionalProperties: { $ref: getSchemaPath(LimitOptionsDto) },
    example: { 'llama*': { tokens_per_minute: 5000 } },
  })
  @IsOptional()
  @IsMapOfDictionaries(MAX_PATTERNS)
  @ValidateNested()
  @Type(() => LimitOptionsDto)
  models?: Map<string, LimitOptionsDto>;
}

/** The limits of a request body. They replace all that there were: `{}` takes them away. */
export function TakesLimits(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      type: () => LimitsDto,
      description: 'How much may be used. It replaces the limits that there were: `{}` takes them away.',
    }),
    IsOptional(),
    IsDictionary(),
    ValidateNested(),
    Type(() => LimitsDto),
  );
}

/** The limits of an answer. */
export function HasLimits(): PropertyDecorator {
  return ApiProperty({ type: () => LimitsDto, nullable: true, description: 'How much may be used; null: any number.' });
}

/** One row of OpenAI's list of rate limits. */
export class RateLimitDto {
  /** `rl-` and the model. */
  id: string;

  @ApiProperty({ enum: ['project.rate_limit'] })
  object: 'project.rate_limit';

  /** A model's name, a pattern with `*` for any characters, or `*` alone: all models together. */
  model: string;

  @ApiProperty({ ...INT64, nullable: true, description: 'Null: any number.' })
  max_requests_per_1_minute: number | null;

  @ApiProperty({ ...INT64, nullable: true, description: 'Null: any number.' })
  max_tokens_per_1_minute: number | null;

  @ApiProperty({ ...INT64, nullable: true, description: 'Null: any number. A day begins at midnight, UTC.' })
  max_requests_per_1_day: number | null;
}

/** What is not given stays as it is. */
export class UpdateRateLimitDto {
  @IsLimit(LIMIT_MAXIMA.requestsPerMinute)
  max_requests_per_1_minute?: number;

  @IsLimit(LIMIT_MAXIMA.tokensPerMinute)
  max_tokens_per_1_minute?: number;

  @IsLimit(LIMIT_MAXIMA.requestsPerDay)
  max_requests_per_1_day?: number;
}

/** How much of one limit is used now. */
export class LimitUseDto {
  @ApiProperty({ enum: Object.values(FIELD_OF) })
  kind: keyof LimitOptionsDto;

  @ApiProperty({ type: String, nullable: true, description: 'The pattern of models that it is for; null: all.' })
  models: string | null;

  @ApiProperty(INT64)
  limit: number;
  /** With what requests under way have reserved; more than the limit after a debt. */
  @ApiProperty(INT64)
  used: number;
  @ApiProperty(INT64)
  remaining: number;
}

/** The limits of an organization, a project or a key. */
export class LimitsInForceDto {
  @ApiProperty({ enum: ['organization.limits'] })
  object: 'organization.limits';

  /** Of the organization, the project or the key. */
  id: string;

  @ApiProperty({ enum: ['organization', 'project', 'key'] })
  scope: 'organization' | 'project' | 'key';

  name: string;

  @ApiProperty({ type: String, nullable: true, description: 'Of a key: its project.' })
  project_id: string | null;

  limits: LimitUseDto[];
}
