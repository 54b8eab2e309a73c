import { Delete, Get, Param, Post } from '@nestjs/common';
import { type Actor, CurrentActor } from './actor.js';
import { AdminBody } from './admin-body.decorator.js';
import { Answers, Lists, OrganizationController, TakesBody } from './admin-route.decorator.js';
import { CreatedServiceAccountDto, DeletedDto, ServiceAccountApiKeyDto, ServiceAccountDto } from './dto/answers.dto.js';
import { CreateServiceAccountApiKeyDto, CreateServiceAccountDto, UpdateServiceAccountDto } from './dto/requests.dto.js';
import { List, type ListQuery } from './list-query.js';
import type { Page } from './page.js';
import { ServiceAccountsService } from './service-accounts.service.js';

@OrganizationController('/projects/:project/service_accounts', 'Service accounts')
export class ServiceAccountsController {
  constructor(private readonly accounts: ServiceAccountsService) {}

  /** List the service accounts of a project */
  @Lists(ServiceAccountDto)
  listServiceAccounts(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @List() query: ListQuery,
  ): Promise<Page<ServiceAccountDto>> {
    return this.accounts.list(actor, project, query);
  }

  /** Create a service account, with its first key, which is shown this once */
  @Post()
  @Answers(CreatedServiceAccountDto, 'The service account, and its key.')
  @TakesBody(CreateServiceAccountDto)
  createServiceAccount(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @AdminBody(CreateServiceAccountDto) { name }: CreateServiceAccountDto,
  ): Promise<CreatedServiceAccountDto> {
    return this.accounts.create(actor, project, name);
  }

  /** Look a service account up */
  @Get(':account')
  @Answers(ServiceAccountDto, 'The service account.')
  getServiceAccount(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('account') account: string,
  ): Promise<ServiceAccountDto> {
    return this.accounts.get(actor, project, account);
  }

  /** Rename a service account */
  @Post(':account')
  @Answers(ServiceAccountDto, 'The service account.')
  @TakesBody(UpdateServiceAccountDto)
  updateServiceAccount(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('account') account: string,
    @AdminBody(UpdateServiceAccountDto) { name }: UpdateServiceAccountDto,
  ): Promise<ServiceAccountDto> {
    return this.accounts.update(actor, project, account, name);
  }

  /** Delete a service account, and revoke its keys */
  @Delete(':account')
  @Answers(DeletedDto, 'It was deleted.')
  deleteServiceAccount(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('account') account: string,
  ): Promise<DeletedDto> {
    return this.accounts.delete(actor, project, account);
  }

  /** Create another key of a service account; it is shown this once */
  @Post(':account/api_keys')
  @Answers(ServiceAccountApiKeyDto, 'The key, with its value.')
  @TakesBody(CreateServiceAccountApiKeyDto)
  createServiceAccountApiKey(
    @CurrentActor() actor: Actor,
    @Param('project') project: string,
    @Param('account') account: string,
    @AdminBody(CreateServiceAccountApiKeyDto) body: CreateServiceAccountApiKeyDto,
  ): Promise<ServiceAccountApiKeyDto> {
    return this.accounts.createKey(actor, project, account, body);
  }
}
