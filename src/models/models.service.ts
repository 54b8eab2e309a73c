import { Inject, Injectable } from '@nestjs/common';
import { type Caller, mayUse } from '../auth/caller.js';
import { modelNotFound } from '../errors/model-not-found.js';
import { CLOCK, type Clock } from '../common/clock.js';
import type { Upstream } from '../upstreams/upstream.js';
import { UpstreamProbe } from '../upstreams/upstream-probe.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';
import type { ModelDto } from './model.dto.js';

/** How long an upstream's own list is reused. */
const LIST_REUSE_MS = 1_000;

/** An upstream's own list, and when it came. */
interface ModelList {
  names: Promise<string[]>;
  endedAt: number | undefined;
}

/** The models that callers may request. */
@Injectable()
export class ModelsService {
  private readonly createdS: number;
  private readonly lists = new WeakMap<Upstream, ModelList>();

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
    const listed = await this.ownNamesOf(upstream);
    // Behind patterns, only what matches one of them can be requested.
    return [...models.names, ...listed.filter((name) => models.takesAny || models.upstreamNameOf(name) !== undefined)];
  }

  private ownNamesOf(upstream: Upstream): Promise<string[]> {
    const known = this.lists.get(upstream);
    if (known && this.clock.now() - (known.endedAt ?? Infinity) < LIST_REUSE_MS) return known.names;
    const list: ModelList = { names: this.probe.listModels(upstream).then((names) => names ?? []), endedAt: undefined };
    void list.names.finally(() => (list.endedAt = this.clock.now()));
    this.lists.set(upstream, list);
    return list.names;
  }
}
