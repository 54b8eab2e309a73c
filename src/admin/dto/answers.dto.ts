import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { INT64 } from '../../contract/int64.js';
import { HasLimits, type LimitsDto } from './limits.dto.js';

/** It comes from the configuration file, and can only be changed there. */
export class ReadOnlyDto {
  @ApiPropertyOptional({
    description: 'It comes from the configuration of the gateway, and can only be changed there.',
  })
  read_only?: boolean;
}

export class ProjectDto extends ReadOnlyDto {
  id: string;

  @ApiProperty({ enum: ['organization.project'] })
  object: 'organization.project';

  name: string;

  /** Unix seconds. */
  @ApiProperty(INT64)
  created_at: number;

  @ApiProperty({ ...INT64, nullable: true, description: 'Unix seconds.' })
  archived_at: number | null;

  @ApiProperty({ enum: ['active', 'archived'] })
  status: 'active' | 'archived';

  @ApiProperty({
    oneOf: [
      { type: 'string', enum: ['all'] },
      { type: 'array', items: { type: 'string' } },
    ],
  })
  models: 'all' | string[];

  @HasLimits()
  limits: LimitsDto | null;
}

export class ModelPermissionsDto {
  @ApiProperty({ enum: ['project.model_permissions'] })
  object: 'project.model_permissions';

  @ApiProperty({ enum: ['allow_list', 'deny_list'] })
  mode: 'allow_list' | 'deny_list';

  @ApiProperty({ type: [String] })
  model_ids: string[];
}

export class OrganizationDto extends ReadOnlyDto {
  id: string;

  @ApiProperty({ enum: ['organization'] })
  object: 'organization';

  name: string;

  /** Unix seconds. */
  @ApiProperty(INT64)
  created_at: number;

  @ApiProperty({ ...INT64, nullable: true, description: 'Unix seconds.' })
  archived_at: number | null;

  @HasLimits()
  limits: LimitsDto | null;
}

export class ServiceAccountDto {
  id: string;

  @ApiProperty({ enum: ['organization.project.service_account'] })
  object: 'organization.project.service_account';

  name: string;

  @ApiProperty({ enum: ['member'] })
  role: 'member';

  /** Unix seconds. */
  @ApiProperty(INT64)
  created_at: number;
}

export class ServiceAccountApiKeyDto {
  id: string;

  @ApiProperty({ enum: ['organization.project.service_account.api_key'] })
  object: 'organization.project.service_account.api_key';

  name: string;

  /** The key itself, shown this once. */
  value: string;

  /** Unix seconds. */
  @ApiProperty(INT64)
  created_at: number;

  @ApiProperty({ ...INT64, nullable: true, description: 'Unix seconds; null: never.' })
  expires_at: number | null;
}

export class CreatedServiceAccountDto extends ServiceAccountDto {
  api_key: ServiceAccountApiKeyDto;
}

export class KeyDto extends ReadOnlyDto {
  id: string;

  name: string;

  /** The beginning and the end of the key. */
  redacted_value: string;

  /** Unix seconds. */
  @ApiProperty(INT64)
  created_at: number;

  @ApiProperty({ ...INT64, nullable: true, description: 'Unix seconds; null: never.' })
  expires_at: number | null;

  @ApiProperty({ ...INT64, nullable: true, description: 'Unix seconds, to the minute; null: not yet.' })
  last_used_at: number | null;
}

export class ApiKeyDto extends KeyDto {
  @ApiProperty({ enum: ['organization.project.api_key'] })
  object: 'organization.project.api_key';

  /** OpenAI's shape: a `service_account`, or a `user` that stands for the administrators. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  owner: object;

  @ApiProperty({ enum: ['active', 'inactive'] })
  owner_project_access: 'active' | 'inactive';

  @HasLimits()
  limits: LimitsDto | null;
}

export class CreatedApiKeyDto extends ApiKeyDto {
  /** The key itself, shown this once. */
  value: string;
}

export class AdminApiKeyDto extends KeyDto {
  @ApiProperty({ enum: ['organization.admin_api_key'] })
  object: 'organization.admin_api_key';

  @ApiProperty({ type: 'object', additionalProperties: true })
  owner: object;
}

export class CreatedAdminApiKeyDto extends AdminApiKeyDto {
  /** The key itself, shown this once. */
  value: string;
}

export class DeletedDto {
  id: string;

  /** The kind of what was deleted, and `.deleted`. */
  object: string;

  @ApiProperty({ enum: [true] })
  deleted: true;
}

export class AuditLogDto {
  id: string;

  @ApiProperty({ enum: ['organization.audit_log'] })
  object: 'organization.audit_log';

  /** Such as `api_key.created`; the field of this name has the details. */
  type: string;

  /** Unix seconds. */
  @ApiProperty(INT64)
  effective_at: number;

  @ApiProperty({ type: 'object', additionalProperties: true })
  actor: object;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  project?: object;
}
