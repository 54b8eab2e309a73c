import { Injectable } from '@nestjs/common';
import { toModelMap } from '../config/model-map.js';
import type { Upstream } from '../upstreams/upstream.js';
import { UpstreamRegistry } from '../upstreams/upstream-registry.js';

/** An upstream that serves a requested model, and the name by which it knows it. */
export interface Candidate {
  upstream: Upstream;
  upstreamModel: string;
}

interface Serves {
  upstream: Upstream;
  /** Requested names to the upstream's; undefined when the upstream takes any name. */
  models: Map<string, string> | undefined;
}

/** Finds who serves a model. */
@Injectable()
export class Router {
  private readonly entries: readonly Serves[];

  constructor(registry: UpstreamRegistry) {
    this.entries = registry.upstreams.map((upstream) => {
      const { models } = upstream.config;
      return { upstream, models: models && toModelMap(models) };
    });
  }

  /**
   * The first upstream, in the order of the configuration, that names the model; when none does, the first that names
   * no models at all and so takes any.
   */
  candidateFor(requestedModel: string): Candidate | undefined {
    for (const { upstream, models } of this.entries) {
      const upstreamModel = models?.get(requestedModel);
      if (upstreamModel !== undefined) return { upstream, upstreamModel };
    }
    const any = this.entries.find(({ models }) => models === undefined);
    return any && { upstream: any.upstream, upstreamModel: requestedModel };
  }

  /** The names that the configuration lists, and the upstreams that have to be asked for theirs. */
  get modelSources(): { names: string[]; unlisted: Upstream[] } {
    return {
      names: this.entries.flatMap(({ models }) => [...(models?.keys() ?? [])]),
      unlisted: this.entries.filter(({ models }) => models === undefined).map(({ upstream }) => upstream),
    };
  }
}
