import type { Caller } from '../auth/caller.js';
import type { StoredLimits } from '../auth/key-directory.js';
import { Glob } from '../common/glob.js';
import { remember } from '../common/remember.js';
import type { ApiKeyConfig, LimitOptions, ScopeLimits } from '../config/config.js';
import type { LimitKind, LimitRule, LimitScope } from './limit-rule.js';

export const KIND_OF: Readonly<Record<keyof LimitOptions, LimitKind>> = {
  requestsPerMinute: 'requests',
  tokensPerMinute: 'tokens',
  requestsPerDay: 'daily',
  tokensPerMonth: 'budget',
  concurrentRequests: 'concurrency',
};

const NONE: readonly LimitRule[] = [];

/** Callers choose the model's name: rules are remembered for so many callers and models. */
const MAX_REMEMBERED = 1_000;

/** Which limits hold for whom. What is used of a limit stays used when the limits change. */
export class LimitTable {
  /** By the ids of the keys. */
  private configured: ReadonlyMap<string, ScopeLimits> = new Map();
  private stored: Readonly<Record<LimitScope, ReadonlyMap<string, ScopeLimits>>> = {
    key: new Map(),
    project: new Map(),
    organization: new Map(),
  };
  private readonly remembered = new Map<string, readonly LimitRule[]>();
  private isEmpty = true;

  /** `keyDefaults` hold for a key as far as it has no limits of its own. */
  constructor(
    private readonly keyDefaults: LimitOptions,
    keys: readonly ApiKeyConfig[],
  ) {
    this.replaceConfigured(keys);
  }

  /** Takes the limits of the configuration's keys, which come before stored ones of the same id. */
  replaceConfigured(keys: readonly ApiKeyConfig[]): void {
    this.configured = new Map(keys.flatMap(({ id, limits }) => (limits ? [[id, limits]] : [])));
    this.changed();
  }

  /** Takes the limits of the database. To be called again when the maps have changed. */
  replaceStored(limits: StoredLimits): void {
    this.stored = limits;
    this.changed();
  }

  /** Every limit that holds for a request. */
  rulesFor(caller: Caller, model: string): readonly LimitRule[] {
    if (this.isEmpty) return NONE;
    // No header has a line end: the project that a client claims does not run into the model that it asks for.
    const name = `${caller.keyId}\n${caller.organization}\n${caller.project}\n${model}`;
    const known = this.remembered.get(name);
    if (known) return known;
    const rules = this.find(caller, model);
    remember(this.remembered, name, rules, MAX_REMEMBERED);
    return rules;
  }

  private changed(): void {
    this.remembered.clear();
    const maps = [this.configured, ...Object.values(this.stored)];
    this.isEmpty = !this.hasKeyDefaults && maps.every((limits) => limits.values().every(isUnlimited));
  }

  /** Whether keys without limits of their own have some. */
  get hasKeyDefaults(): boolean {
    return !isUnlimited(this.keyDefaults);
  }

  /** The limits of one key, project or organization that hold for a model; without one, all. */
  rulesOf(scope: LimitScope, id: string, organization: string | undefined, model?: string): LimitRule[] {
    const stored = this.stored[scope].get(id) ?? {};
    const limits = scope === 'key' ? { ...this.keyDefaults, ...definedOf(this.configured.get(id) ?? stored) } : stored;
    // One node of a Redis cluster has all buckets of an organization: a request's are checked in one step.
    const tag = `{${encodeURIComponent(organization ?? id)}}`;
    const prefix = scope === 'organization' ? `${tag}:organization` : `${tag}:${scope}:${encodeURIComponent(id)}`;
    return rulesIn(scope, prefix, limits, model);
  }

  private find({ keyId, project, organization }: Caller, model: string): LimitRule[] {
    const rules = this.rulesOf('key', keyId, organization, model);
    if (organization === undefined) return rules;
    if (project !== undefined) rules.push(...this.rulesOf('project', project, organization, model));
    rules.push(...this.rulesOf('organization', organization, organization, model));
    return rules;
  }
}

/** A pattern has one bucket for all models that match it: callers who make names up fill no memory. */
function rulesIn(scope: LimitScope, prefix: string, limits: ScopeLimits, model: string | undefined): LimitRule[] {
  const matches = (pattern: string): boolean => model === undefined || new Glob(pattern).matches(model);
  const patterns = Object.entries(limits.models ?? {}).filter(([pattern]) => matches(pattern));
  const all: [string | undefined, LimitOptions][] = [[undefined, limits], ...patterns];
  return all.flatMap(([models, options]) =>
    (Object.keys(KIND_OF) as (keyof LimitOptions)[]).flatMap((option) => {
      const limit = options[option];
      if (limit === undefined) return [];
      const kind = KIND_OF[option];
      return [{ scope, kind, limit, models, key: `${prefix}:${encodeURIComponent(models ?? '')}:${kind}` }];
    }),
  );
}

function isUnlimited(limits: ScopeLimits): boolean {
  return Object.values(limits).every((limit) => limit === undefined);
}

function definedOf(limits: ScopeLimits): ScopeLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
