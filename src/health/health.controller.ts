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
   * Check that the process is alive
   *
   * @remarks It says nothing of upstreams; `/readyz` does.
   */
  @Public()
  @Get('livez')
  @ApiOkResponse({ ...OK, description: 'It is alive.' })
  checkLiveness(): HealthDto {
    return { status: 'ok' };
  }

  /**
   * Check that the gateway is ready for requests
   *
   * @remarks It is when an upstream can be reached and the gateway is not shutting down. With an admin key the answer has the
   * state of each upstream.
   */
  @Public()
  @Get('readyz')
  @ApiOkResponse({ ...OK, description: 'It is ready.' })
  @ApiServiceUnavailableResponse({ ...UNAVAILABLE, description: 'It is not ready.' })
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
   * @remarks For benchmarks and load balancers made for vLLM or llama.cpp.
   */
  @Public()
  @Get('health')
  @ApiOkResponse({ ...OK, description: 'It is ready.' })
  @ApiServiceUnavailableResponse({ ...UNAVAILABLE, description: 'It is not ready.' })
  checkHealth(
    @OptionalCaller() caller: Caller | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<HealthDto> {
    return this.checkReadiness(caller, response);
  }
}
