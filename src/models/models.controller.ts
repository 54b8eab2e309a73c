import { Controller, Get, Param } from '@nestjs/common';
import { ApiNotFoundResponse, ApiTags, ApiUnauthorizedResponse } from '@nestjs/swagger';
import { CurrentCaller } from '../auth/auth.decorators.js';
import type { Caller } from '../auth/caller.js';
import { ErrorDto } from '../errors/error.dto.js';
import { ModelDto, ModelListDto } from './model.dto.js';
import { ModelsService } from './models.service.js';

@ApiTags('Models')
@ApiUnauthorizedResponse({ type: ErrorDto, description: 'No API key, or a wrong one.' })
@Controller('v1/models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  /** List the models that your API key may use. */
  @Get()
  async list(@CurrentCaller() caller: Caller): Promise<ModelListDto> {
    return { object: 'list', data: await this.models.list(caller) };
  }

  /** Look one model up. A name with slashes is written as it is, or with `%2F`. */
  @Get('*id')
  @ApiNotFoundResponse({ type: ErrorDto, description: 'There is no such model, or your API key may not use it.' })
  get(@Param('id') id: string | string[], @CurrentCaller() caller: Caller): Promise<ModelDto> {
    return this.models.get([id].flat().join('/'), caller);
  }
}
