import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { AdminOnly } from '../auth/auth.decorators.js';
import { Metrics } from '../observability/metrics.js';

/** For Prometheus, which sends the key when its `authorization` option has it. */
@ApiExcludeController()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @AdminOnly()
  async read(
    @Res({ passthrough: true }) response: Response,
    @Headers('accept') accept: string | undefined,
  ): Promise<string> {
    const { contentType, text } = await this.metrics.scrape(accept);
    response.setHeader('Content-Type', contentType);
    return text;
  }
}
