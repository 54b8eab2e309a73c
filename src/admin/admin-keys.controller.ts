import { Delete, Get, Param, Post } from '@nestjs/common';
import { type Actor, CurrentActor } from './actor.js';
import { AdminBody } from './admin-body.decorator.js';
import { AdminKeysService } from './admin-keys.service.js';
import { Answers, Lists, OrganizationController, TakesBody } from './admin-route.decorator.js';
import { AdminApiKeyDto, CreatedAdminApiKeyDto, DeletedDto } from './dto/answers.dto.js';
import { CreateAdminApiKeyDto } from './dto/requests.dto.js';
import { List, type ListQuery } from './list-query.js';
import type { Page } from './page.js';

@OrganizationController('/admin_api_keys', 'Admin API keys')
export class AdminKeysController {
  constructor(private readonly keys: AdminKeysService) {}

  /** List the admin keys of the organization */
  @Lists(AdminApiKeyDto)
  listAdminApiKeys(@CurrentActor() actor: Actor, @List() query: ListQuery): Promise<Page<AdminApiKeyDto>> {
    return this.keys.list(actor, query);
  }

  /** Create an admin key; it is shown this once */
  @Post()
  @Answers(CreatedAdminApiKeyDto, 'The key, with its value.')
  @TakesBody(CreateAdminApiKeyDto)
  createAdminApiKey(
    @CurrentActor() actor: Actor,
    @AdminBody(CreateAdminApiKeyDto) body: CreateAdminApiKeyDto,
  ): Promise<CreatedAdminApiKeyDto> {
    return this.keys.create(actor, body);
  }

  /** Look an admin key up */
  @Get(':key')
  @Answers(AdminApiKeyDto, 'The key, without its value.')
  getAdminApiKey(@CurrentActor() actor: Actor, @Param('key') key: string): Promise<AdminApiKeyDto> {
    return this.keys.get(actor, key);
  }

  /** Revoke an admin key */
  @Delete(':key')
  @Answers(DeletedDto, 'It was deleted.')
  deleteAdminApiKey(@CurrentActor() actor: Actor, @Param('key') key: string): Promise<DeletedDto> {
    return this.keys.delete(actor, key);
  }
}
