import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches, ValidateIf } from 'class-validator';
import { INT64 } from '../../contract/int64.js';
import { IsListOfNames, IsNameText, IsOneOfTexts, IsWholeFrom } from '../../contract/plain-rules.js';
import { type LimitsDto, TakesLimits } from './limits.dto.js';

/** A century, in seconds. */
const LONGEST_S = 3_155_760_000;

/** `all`, or a list of names; optional. */
function AreModels(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      oneOf: [
        { type: 'string', enum: ['all'] },
        { type: 'array', items: { type: 'string' } },
      ],
    }),
    IsOptional(),
    ValidateIf(({ models }: { models?: unknown }) => models !== 'all'),
    IsListOfNames(),
  );
}

class CreateApiKeyDto {
  @IsNameText()
  name: string;

  /** Seconds until the key expires; without it, never. */
  @IsOptional()
  @IsWholeFrom(1, LONGEST_S)
  @ApiPropertyOptional(INT64)
  expires_in_seconds?: number;
}

export class CreateAdminApiKeyDto extends CreateApiKeyDto {}

export class CreateProjectDto {
  @IsNameText()
  name: string;

  /** The models that the project's keys may use: `all`, or a list of names. */
  @AreModels()
  models?: 'all' | string[];

  @TakesLimits()
  limits?: LimitsDto;
}

export class UpdateProjectDto {
  @IsOptional()
  @IsNameText()
  name?: string;

  /** The models that the project's keys may use: `all`, or a list of names. */
  @AreModels()
  models?: 'all' | string[];

  @TakesLimits()
  limits?: LimitsDto;
}

export class CreateProjectApiKeyDto extends CreateApiKeyDto {
  @TakesLimits()
  limits?: LimitsDto;
}

export class UpdateProjectApiKeyDto {
  @IsOptional()
  @IsNameText()
  name?: string;

  /** Seconds from now until the key expires. */
  @IsOptional()
  @IsWholeFrom(1, LONGEST_S)
  @ApiPropertyOptional(INT64)
  expires_in_seconds?: number;

  @TakesLimits()
  limits?: LimitsDto;
}

export class CreateServiceAccountDto {
  @IsNameText()
  name: string;
}

export class UpdateServiceAccountDto {
  @IsNameText()
  name: string;
}

export class CreateServiceAccountApiKeyDto {
  /** Without it, the name of the service account. */
  @IsOptional()
  @IsNameText()
  name?: string;

  /** Seconds until the key expires; without it, never. */
  @IsOptional()
  @IsWholeFrom(1, LONGEST_S)
  @ApiPropertyOptional(INT64)
  expires_in_seconds?: number;
}

export class UpdateModelPermissionsDto {
  @ApiProperty({ enum: ['allow_list', 'deny_list'] })
  @IsOneOfTexts(['allow_list', 'deny_list'])
  mode: 'allow_list' | 'deny_list';

  @IsListOfNames()
  model_ids: string[];
}

export class CreateOrganizationDto {
  /** Without it, 24 hex digits. */
  @IsOptional()
  @Matches(/^[\w.-]{1,128}$/, {
    message: 'Input should be 1 to 128 letters, digits, `_`, `.` or `-`',
    context: { type: 'string_pattern_mismatch' },
  })
  id?: string;

  @IsNameText()
  name: string;

  @TakesLimits()
  limits?: LimitsDto;
}

export class UpdateOrganizationDto {
  @IsOptional()
  @IsNameText()
  name?: string;

  @TakesLimits()
  limits?: LimitsDto;
}
