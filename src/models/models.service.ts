import { Inject, Injectable } from '@nestjs/common';
import { type Caller, mayUse } from '../auth/caller.js';
import { modelNotFound } from '../errors/model-not-found.js';
import { CLOCK, type Clock } from '../common/clock.js';
import type { Upstream } from '../upstreams/upstream.js';
import { UpstreamProbe } from '../upstreams/upstream-probe.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import type { ModelDto } from './model.dto.js';

/** Callers that ask within so long share one look at an upstream's list. */
const SHARED_LOOK_MS = 1_000;

/** An upstream's own list, and when it came. */
interface Look {
  names: Promise<string[]>;
  endedAt: number | undefined;
}

/** Knows the models that callers may ask for. */
@Injectable()
export class ModelsService {
  private readonly createdS: number;
  private readonly looks = new WeakMap<Upstream, Look>();

  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly probe: UpstreamProbe,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.createdS = Math.floor(clock.now() / 1000);
  }

  /** Those that the configuration names, and those that upstreams without configured names list themselves. */
  async list(caller: Pick<Caller, 'models'>): Promise<ModelDto[]> {
    const lists = await Promise.all(this.registry.upstreams.map((upstream) => this.namesOf(upstream)));
    const usable = lists.flat().filter((name) => mayUse(caller, name));
    return [...new Set(usable)].map((id) => ({
      id,
      object: 'model',
      created: this.createdS,
      owned_by: 'completions-gateway',
    }));
  }

  /** @throws {ApiError} 404 when there is none, or it is not for this caller. */
  async get(id: string, caller: Caller): Promise<ModelDto> {
    const model = (await this.list(caller)).find((each) => each.id === id);
    if (model) return model;
    throw modelNotFound();
  }

  private async namesOf(upstream: Upstream): Promise<string[]> {
    const { models } = upstream;
    if (!models.isListedByItself) return models.names;
    const listed = await this.look(upstream);
    // Behind patterns, only what matches one of them can be requested.
    return [...models.names, ...listed.filter((name) => models.takesAny || models.upstreamNameOf(name) !== undefined)];
  }

  private look(upstream: Upstream): Promise<string[]> {
    const known = this.looks.get(upstream);
    if (known && this.clock.now() - (known.endedAt ?? Infinity) < SHARED_LOOK_MS) return known.names;
    const look: Look = { names: this.probe.listModels(upstream).then((names) => names ?? []), endedAt: undefined };
    void look.names.finally(() => (look.endedAt = this.clock.now()));
    this.looks.set(upstream, look);
    return look.names;
  }
}
