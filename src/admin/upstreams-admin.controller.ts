import { maxConcurrencyOf } from '../engines/engine-profiles.js';
import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AdminOnly, CurrentCaller } from '../auth/auth.decorators.js';
import type { Caller } from '../auth/caller.js';
import { ApiError } from '../errors/api-error.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import type { Upstream } from '../upstreams/upstream.js';
import { UpstreamProbe } from '../upstreams/upstream-probe.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';

/** The upstreams, as an operator wants to see them, and taken out of service and back. What they are is for the file. */
@ApiExcludeController()
@AdminOnly()
@Controller('admin/upstreams')
export class UpstreamsAdminController {
  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly probe: UpstreamProbe,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get()
  async list(): Promise<{ upstreams: object[] }> {
    return { upstreams: await Promise.all(this.registry.upstreams.map((each) => this.describe(each))) };
  }

  /** It gets no more requests; those under way end. */
  @Post(':name/drain')
  @HttpCode(200)
  drain(@Param('name') name: string, @CurrentCaller() caller: Caller): Promise<object> {
    return this.set(name, true, caller);
  }

  @Post(':name/undrain')
  @HttpCode(200)
  undrain(@Param('name') name: string, @CurrentCaller() caller: Caller): Promise<object> {
    return this.set(name, false, caller);
  }

  private set(name: string, isDrained: boolean, { keyId }: Caller): Promise<object> {
    const upstream = this.registry.upstreams.find(({ config }) => config.name === name);
    if (!upstream) throw new ApiError(404, 'not_found', 'There is no upstream of this name.');
    this.registry.drain(name, isDrained);
    this.logger.info({ upstream: name, keyId }, isDrained ? 'an upstream was drained' : 'an upstream was undrained');
    return this.describe(upstream);
  }

  private async describe(upstream: Upstream): Promise<object> {
    const { config, baseUrl, state } = upstream;
    return {
      name: config.name,
      engine: config.engine,
      base_url: baseUrl ?? null,
      version: (await this.probe.version(upstream)) ?? null,
      available: state.isAvailable,
      condition: state.condition,
      drained: state.isDrained,
      rate_limited_models: state.rateLimits.models,
      ejections: state.ejectionCount,
      in_flight: state.inFlightCount,
      max_concurrency: maxConcurrencyOf(config) ?? null,
    };
  }
}
