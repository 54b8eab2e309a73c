import { Delete, Get, Param, Post } from '@nestjs/common';
import { type Actor, CurrentActor } from './actor.js';
import { AdminBody } from './admin-body.decorator.js';
import { Answers, Lists, OrganizationController, TakesBody } from './admin-route.decorator.js';
import { ApiKeyDto, CreatedApiKeyDto, DeletedDto } from './dto/answers.dto.js';
import { CreateProjectApiKeyDto, UpdateProjectApiKeyDto } from './dto/requests.dto.js';
import { List, type ListQuery } from './list-query.js';
import type { Page } from './page.js';
import { ProjectKeysService } from './project-keys.service.js';

@OrganizationController('/projects/:project/api_keys', 'Project API keys')
export class ProjectKeysController {
  constructor(private readonly keys: ProjectKeysService) {}

  /** List the keys of a project */
  @Lists(ApiKeyDto)
  listProjectApiKeys(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @List() query: ListQuery,
  ): Promise<Page<ApiKeyDto>> {
    return this.keys.list(actor, project, query);
  }

  /** Create a key; it is shown this once */
  @Post()
  @Answers(CreatedApiKeyDto, 'The key, with its value.')
  @TakesBody(CreateProjectApiKeyDto)
  createProjectApiKey(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @AdminBody(CreateProjectApiKeyDto) body: CreateProjectApiKeyDto,
  ): Promise<CreatedApiKeyDto> {
    return this.keys.create(actor, project, body);
  }

  /** Look a key up */
  @Get(':key')
  @Answers(ApiKeyDto, 'The key, without its value.')
  getProjectApiKey(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('key') key: string,
  ): Promise<ApiKeyDto> {
    return this.keys.get(actor, project, key);
  }

  /** Change a key's name, or when it expires */
  @Post(':key')
  @Answers(ApiKeyDto, 'The key, without its value.')
  @TakesBody(UpdateProjectApiKeyDto)
  updateProjectApiKey(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('key') key: string,
    @AdminBody(UpdateProjectApiKeyDto) body: UpdateProjectApiKeyDto,
  ): Promise<ApiKeyDto> {
    return this.keys.update(actor, project, key, body);
  }

  /** Revoke a key. Streams that run go on; every gateway refuses it within a second */
  @Delete(':key')
  @Answers(DeletedDto, 'It was deleted.')
  deleteProjectApiKey(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('key') key: string,
  ): Promise<DeletedDto> {
    return this.keys.delete(actor, project, key);
  }
}
