import { maxConcurrencyOf } from '../engines/engine-profiles.js';
import { Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AdminOnly } from '../auth/auth.decorators.js';
import { ApiError } from '../errors/api-error.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import type { Upstream } from '../upstreams/upstream.js';
import { UpstreamProbe } from '../upstreams/upstream-probe.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import { type Actor, CurrentActor } from './actor.js';
import { Administration } from './administration.js';

/** Shows upstreams to operators, and takes them out of service and back. The configuration file defines them. */
@ApiExcludeController()
@AdminOnly()
@Controller('admin/upstreams')
export class UpstreamsAdminController {
  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly probe: UpstreamProbe,
    private readonly administration: Administration,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  @Get()
  async list(): Promise<{ upstreams: object[] }> {
    return { upstreams: await Promise.all(this.registry.upstreams.map((each) => this.describe(each))) };
  }

  /** It gets no new requests; those under way finish. */
  @Post(':name/drain')
  @HttpCode(200)
  drain(@Param('name') name: string, @CurrentActor() actor: Actor): Promise<object> {
    return this.set(name, true, actor);
  }

  @Post(':name/undrain')
  @HttpCode(200)
  undrain(@Param('name') name: string, @CurrentActor() actor: Actor): Promise<object> {
    return this.set(name, false, actor);
  }

  private async set(name: string, isDrained: boolean, actor: Actor): Promise<object> {
    const upstream = this.registry.upstreams.find(({ config }) => config.name === name);
    if (!upstream) throw new ApiError(404, 'not_found', 'There is no upstream of this name.');
    this.registry.drain(name, isDrained);
    const { keyId } = actor;
    this.logger.info({ upstream: name, keyId }, isDrained ? 'an upstream was drained' : 'an upstream was undrained');
    if (this.administration.hasDatabase) await this.audit(name, isDrained, actor);
    return this.describe(upstream);
  }

  /** An upstream can be drained while the database is down: then only the log tells of it. */
  private async audit(name: string, isDrained: boolean, actor: Actor): Promise<void> {
    const type = isDrained ? 'upstream.drained' : 'upstream.undrained';
    try {
      const organization = await this.administration.organizationOf(actor);
      await this.administration.write(actor, ({ audit }) => audit({ type, organization, event: { id: name } }));
    } catch (err) {
      this.logger.warn({ err, upstream: name }, 'the audit log misses that an upstream was drained or undrained');
    }
  }

  private async describe(upstream: Upstream): Promise<object> {
    const { config, baseUrl, state } = upstream;
    return {
      name: config.name,
      engine: config.engine,
      base_url: baseUrl ?? null,
      // Mostly known from the health check: a page that polls every two seconds asks no engine.
      version: upstream.version ?? (await this.probe.version(upstream)) ?? null,
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
