import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { OptionalCaller, Public } from '../auth/auth.decorators.js';
import type { Caller } from '../auth/caller.js';
import { REQUEST_ID_HEADER } from '../errors/api-error-response.decorator.js';
import { HealthDto } from './health.dto.js';
import { ReadinessService } from './readiness.service.js';

const OK = { type: HealthDto, headers: REQUEST_ID_HEADER, example: { status: 'ok' } satisfies HealthDto };
const UNAVAILABLE = { ...OK, example: { status: 'unavailable' } satisfies HealthDto };

@ApiTags('Health')
@Controller()
export class HealthController {
  constructor(private readonly readiness: ReadinessService) {}

  /**
   * Whether the process lives
   *
   * @remarks It answers as long as it can: whether upstreams can be reached is for `/readyz`.
   */
  @Public()
  @Get('livez')
  @ApiOkResponse({ ...OK, description: 'It does.' })
  checkLiveness(): HealthDto {
    return { status: 'ok' };
  }

  /**
   * Whether requests should be sent here
   *
   * @remarks They should when an upstream can be reached and the gateway is not shutting down. With an admin key the
   * answer shows the state of each upstream.
   */
  @Public()
  @Get('readyz')
  @ApiOkResponse({ ...OK, description: 'Yes.' })
  @ApiServiceUnavailableResponse({ ...UNAVAILABLE, description: 'No.' })
  async checkReadiness(
    @OptionalCaller() caller: Caller | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<HealthDto> {
    const isReady = await this.readiness.isReady();
    if (!isReady) response.status(HttpStatus.SERVICE_UNAVAILABLE);
    const status = isReady ? 'ok' : 'unavailable';
    return caller?.isAdmin ? { status, upstreams: this.readiness.upstreams } : { status };
  }

  /**
   * The same as /readyz
   *
   * @remarks Benchmarks and load balancers that are made for vLLM or llama.cpp ask here.
   */
  @Public()
  @Get('health')
  @ApiOkResponse({ ...OK, description: 'Yes.' })
  @ApiServiceUnavailableResponse({ ...UNAVAILABLE, description: 'No.' })
  checkHealth(
    @OptionalCaller() caller: Caller | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<HealthDto> {
    return this.checkReadiness(caller, response);
  }
}
