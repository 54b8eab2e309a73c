import { toModelMap } from '../config/model-map.js';
import type { UpstreamConfig } from '../config/config.js';
import { ENGINE_PROFILES } from '../engines/engine-profiles.js';
import { Glob } from '../common/glob.js';

/** The models that one upstream serves: configured by name or pattern, or discovered from the upstream's own list. */
export class ServedModels {
  private readonly exact: ReadonlyMap<string, string>;
  private readonly globs: readonly { glob: Glob; upstreamModel: string }[];
  private readonly discovers: boolean;
  private discovered: ReadonlySet<string> = new Set();
  private readonly impliedTag: string | undefined;

  constructor({ models, discover, engine }: Pick<UpstreamConfig, 'models' | 'discover' | 'engine'>) {
    this.impliedTag = ENGINE_PROFILES[engine].impliedTag;
    const entries = models ? [...toModelMap(models)] : [];
    this.exact = new Map(entries.filter(([requested]) => !requested.includes('*')));
    this.globs = entries
      .filter(([requested]) => requested.includes('*'))
      .map(([requested, upstreamModel]) => ({ glob: new Glob(requested), upstreamModel }));
    this.discovers = discover;
  }

  /** Models are neither configured nor discovered: it gets the requests for models that no other upstream serves. */
  get takesAny(): boolean {
    return this.exact.size === 0 && this.globs.length === 0 && !this.discovers;
  }

  /** Whether its own list is the only way to know the names of its models. */
  get isListedByItself(): boolean {
    return this.takesAny || (this.globs.length > 0 && !this.discovers);
  }

  /** The names that clients may request, as far as they are known here. */
  get names(): string[] {
    return [...this.exact.keys(), ...this.discovered];
  }

  /** Whether it serves the name by more than a pattern. */
  lists(name: string): boolean {
    return this.listedName(name) !== undefined;
  }

  /** A model to probe the upstream with, by the upstream's name. */
  get probeModel(): string | undefined {
    return [...this.exact.values(), ...this.discovered][0];
  }

  /** The upstream's name for a requested model, when it serves it by name, by pattern, or by discovery. */
  upstreamNameOf(requestedModel: string): string | undefined {
    const listed = this.listedName(requestedModel);
    if (listed !== undefined) return listed;
    const served = this.globs.find(({ glob }) => glob.matches(requestedModel));
    // `"llama-*": "*"`, and a plain list of patterns: the upstream knows it by the requested name.
    return served && (served.upstreamModel.includes('*') ? requestedModel : served.upstreamModel);
  }

  get discoveredNames(): string[] {
    return [...this.discovered];
  }

  setDiscovered(names: readonly string[]): void {
    this.discovered = new Set(names);
  }

  /** The upstream's name for a model that is configured by name or discovered, with or without the tag that the engine implies. */
  private listedName(requestedModel: string): string | undefined {
    const listed = this.nameOf(requestedModel);
    if (listed !== undefined || this.impliedTag === undefined) return listed;
    const tag = `:${this.impliedTag}`;
    return this.nameOf(requestedModel.endsWith(tag) ? requestedModel.slice(0, -tag.length) : requestedModel + tag);
  }

  private nameOf(name: string): string | undefined {
    return this.exact.get(name) ?? (this.discovered.has(name) ? name : undefined);
  }
}
