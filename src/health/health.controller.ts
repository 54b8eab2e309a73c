import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../auth/auth.decorators.js';
import { HealthDto } from './health.dto.js';
import { ReadinessService } from './readiness.service.js';

@ApiTags('Health')
@Controller()
export class HealthController {
  constructor(private readonly readiness: ReadinessService) {}

  /** Whether the process lives */
  @Public()
  @Get('livez')
  @ApiOkResponse({ type: HealthDto, description: 'It does.' })
  livez(): HealthDto {
    return { status: 'ok' };
  }

  /**
   * Whether requests should be sent here
   *
   * @remarks They should when an upstream can be reached and the gateway is not shutting down.
   */
  @Public()
  @Get('readyz')
  @ApiOkResponse({ type: HealthDto, description: 'Yes.' })
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'No.' })
  async readyz(@Res({ passthrough: true }) response: Response): Promise<HealthDto> {
    if (await this.readiness.isReady()) return { status: 'ok' };
    response.status(HttpStatus.SERVICE_UNAVAILABLE);
    return { status: 'unavailable' };
  }
}
