import { Delete, Get, Param, Post } from '@nestjs/common';
import { ApiErrorResponse } from '../errors/api-error-response.decorator.js';
import { type Actor, CurrentActor } from './actor.js';
import { AdminBody } from './admin-body.decorator.js';
import { Answers, InstanceController, Lists, TakesBody } from './admin-route.decorator.js';
import { DeletedDto, OrganizationDto } from './dto/answers.dto.js';
import { CreateOrganizationDto, UpdateOrganizationDto } from './dto/requests.dto.js';
import { List, type ListQuery } from './list-query.js';
import { alreadyExists, OrganizationsService } from './organizations.service.js';
import type { Page } from './page.js';

@InstanceController('/organization', 'Organizations')
export class OrganizationsController {
  constructor(private readonly organizations: OrganizationsService) {}

  /** List the organizations of the gateway */
  @Lists(OrganizationDto)
  listOrganizations(@List() query: ListQuery): Promise<Page<OrganizationDto>> {
    return this.organizations.list(query);
  }

  /** Create an organization */
  @Post()
  @Answers(OrganizationDto, 'The organization.')
  @TakesBody(CreateOrganizationDto)
  @ApiErrorResponse(409, 'There is an organization with this id already.', alreadyExists('acme'))
  createOrganization(
    @CurrentActor() actor: Actor,
    @AdminBody(CreateOrganizationDto) body: CreateOrganizationDto,
  ): Promise<OrganizationDto> {
    return this.organizations.create(actor, body);
  }

  /** Look an organization up */
  @Get(':organization')
  @Answers(OrganizationDto, 'The organization.')
  getOrganization(@Param('organization') organization: string): Promise<OrganizationDto> {
    return this.organizations.get(organization);
  }

  /** Rename an organization */
  @Post(':organization')
  @Answers(OrganizationDto, 'The organization.')
  @TakesBody(UpdateOrganizationDto)
  updateOrganization(
    @CurrentActor() actor: Actor,
    @Param('organization') organization: string,
    @AdminBody(UpdateOrganizationDto) body: UpdateOrganizationDto,
  ): Promise<OrganizationDto> {
    return this.organizations.update(actor, organization, body);
  }

  /** Archive an organization: its keys become invalid */
  @Delete(':organization')
  @Answers(DeletedDto, 'It was archived.')
  async deleteOrganization(
    @CurrentActor() actor: Actor,
    @Param('organization') organization: string,
  ): Promise<DeletedDto> {
    const { id } = await this.organizations.archive(actor, organization);
    return { id, object: 'organization.deleted', deleted: true };
  }
}
