import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { ApiAuthErrors } from '../auth/auth-errors.decorator.js';
import { CurrentCaller } from '../auth/auth.decorators.js';
import type { Caller } from '../auth/caller.js';
import { ApiErrorResponse, INTERNAL_ERROR, REQUEST_ID_HEADER } from '../errors/api-error-response.decorator.js';
import { modelNotFound } from '../errors/model-not-found.js';
import { databaseUnavailable } from '../storage/database-unavailable.js';
import { ModelDto, ModelListDto } from './model.dto.js';
import { ModelsService } from './models.service.js';

@ApiTags('Models')
@ApiAuthErrors()
@ApiErrorResponse(500, 'The gateway failed.', INTERNAL_ERROR)
@ApiErrorResponse(503, 'The key cannot be checked at the moment.', databaseUnavailable(new Error()))
@Controller('v1/models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  /**
   * List the models that your API key may use
   *
   * @remarks Those that the configuration names, and those that upstreams list themselves.
   */
  @Get()
  @ApiOkResponse({ type: ModelListDto, description: 'The models.', headers: REQUEST_ID_HEADER })
  async listModels(@CurrentCaller() caller: Caller): Promise<ModelListDto> {
    return { object: 'list', data: await this.models.list(caller) };
  }

  /**
   * Look one model up
   *
   * @remarks A model that the API key may not use is answered as one that does not exist.
   */
  @Get('*id')
  @ApiOkResponse({ type: ModelDto, description: 'The model.', headers: REQUEST_ID_HEADER })
  @ApiParam({
    name: 'id',
    type: 'string',
    description: 'The name of the model. Slashes in it are written as they are, or as `%2F`.',
    example: 'storyteller',
  })
  @ApiErrorResponse(404, 'There is no such model, or your API key may not use it.', modelNotFound())
  getModel(@Param('id') id: string | string[], @CurrentCaller() caller: Caller): Promise<ModelDto> {
    return this.models.get([id].flat().join('/'), caller);
  }
}
