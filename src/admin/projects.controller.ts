import { Delete, Get, Param, Post } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { type Actor, CurrentActor } from './actor.js';
import { AdminBody } from './admin-body.decorator.js';
import { Answers, Lists, OrganizationController, TakesBody } from './admin-route.decorator.js';
import { ModelPermissionsDto, ProjectDto } from './dto/answers.dto.js';
import { CreateProjectDto, UpdateModelPermissionsDto, UpdateProjectDto } from './dto/requests.dto.js';
import { List, type ListQuery } from './list-query.js';
import type { Page } from './page.js';
import { ProjectsService } from './projects.service.js';

@OrganizationController('/projects', 'Projects')
export class ProjectsController {
  constructor(private readonly projects: ProjectsService) {}

  /** List the projects of the organization */
  @Lists(ProjectDto)
  @ApiQuery({ name: 'include_archived', required: false, schema: { type: 'boolean' } })
  listProjects(@CurrentActor() actor: Actor, @List() query: ListQuery): Promise<Page<ProjectDto>> {
    return this.projects.list(actor, query);
  }

  /** Create a project */
  @Post()
  @Answers(ProjectDto, 'The project.')
  @TakesBody(CreateProjectDto)
  createProject(
    @CurrentActor() actor: Actor,
    @AdminBody(CreateProjectDto) body: CreateProjectDto,
  ): Promise<ProjectDto> {
    return this.projects.create(actor, body);
  }

  /** Look a project up */
  @Get(':project')
  @Answers(ProjectDto, 'The project.')
  getProject(@CurrentActor() actor: Actor, @Param('project') project: string): Promise<ProjectDto> {
    return this.projects.get(actor, project);
  }

  /** Change a project's name, or the models that its keys may use */
  @Post(':project')
  @Answers(ProjectDto, 'The project.')
  @TakesBody(UpdateProjectDto)
  updateProject(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @AdminBody(UpdateProjectDto) body: UpdateProjectDto,
  ): Promise<ProjectDto> {
    return this.projects.update(actor, project, body);
  }

  /** Archive a project: its keys become invalid */
  @Post(':project/archive')
  @Answers(ProjectDto, 'The project.')
  archiveProject(@CurrentActor() actor: Actor, @Param('project') project: string): Promise<ProjectDto> {
    return this.projects.archive(actor, project);
  }

  /** Which models the project's keys may use, where not all */
  @Get(':project/model_permissions')
  @Answers(ModelPermissionsDto, 'The list, and whether it allows or denies.')
  getModelPermissions(@CurrentActor() actor: Actor, @Param('project') project: string): Promise<ModelPermissionsDto> {
    return this.projects.permissions(actor, project);
  }

  /** Allow a list of models, or all but a list */
  @Post(':project/model_permissions')
  @Answers(ModelPermissionsDto, 'The list, and whether it allows or denies.')
  @TakesBody(UpdateModelPermissionsDto)
  setModelPermissions(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @AdminBody(UpdateModelPermissionsDto) body: UpdateModelPermissionsDto,
  ): Promise<ModelPermissionsDto> {
    return this.projects.setPermissions(actor, project, body);
  }

  /** Allow all models */
  @Delete(':project/model_permissions')
  @Answers(ModelPermissionsDto, 'It was deleted.')
  async clearModelPermissions(@CurrentActor() actor: Actor, @Param('project') project: string): Promise<object> {
    await this.projects.clearPermissions(actor, project);
    return { object: 'project.model_permissions.deleted', deleted: true };
  }
}
