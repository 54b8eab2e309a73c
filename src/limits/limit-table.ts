import type { Caller } from '../auth/caller.js';
import { Glob } from '../common/glob.js';
import { remember } from '../common/remember.js';
import type { LimitOptions, ScopeLimits } from '../config/config.js';
import type { LimitKind, LimitRule, LimitScope } from './limit-rule.js';

const KIND_OF: Readonly<Record<keyof LimitOptions, LimitKind>> = {
  requestsPerMinute: 'requests',
  tokensPerMinute: 'tokens',
  requestsPerDay: 'daily',
  tokensPerMonth: 'budget',
  concurrentRequests: 'concurrency',
};

const NONE: readonly LimitRule[] = [];

/** Callers choose the model's name: rules are remembered for so many callers and models. */
const MAX_REMEMBERED = 1_000;

/** Which limits hold for whom. */
export class LimitTable {
  private readonly limits: Record<LimitScope, ReadonlyMap<string, ScopeLimits>> = {
    key: new Map(),
    project: new Map(),
    organization: new Map(),
  };
  private readonly remembered = new Map<string, readonly LimitRule[]>();
  private isEmpty = true;

  /** `keyDefaults` hold for a key as far as it has no limits of its own. */
  constructor(private readonly keyDefaults: LimitOptions) {
    this.changed();
  }

  /** Takes the limits of all keys, projects or organizations, by id. What is used of a limit stays used. */
  replace(scope: LimitScope, limits: ReadonlyMap<string, ScopeLimits>): void {
    this.limits[scope] = limits;
    this.changed();
  }

  /** Every limit that holds for a request. */
  rulesFor(caller: Caller, model: string): readonly LimitRule[] {
    if (this.isEmpty) return NONE;
    const name = `${caller.keyId} ${caller.organization} ${caller.project} ${model}`;
    const known = this.remembered.get(name);
    if (known) return known;
    const rules = this.find(caller, model);
    remember(this.remembered, name, rules, MAX_REMEMBERED);
    return rules;
  }

  private changed(): void {
    this.remembered.clear();
    const { key, project, organization } = this.limits;
    const all = [this.keyDefaults, ...key.values(), ...project.values(), ...organization.values()];
    this.isEmpty = all.every((each) => Object.values(definedOf(each)).length === 0);
  }

  /** Whether keys without limits of their own have some. */
  get hasKeyDefaults(): boolean {
    return Object.values(definedOf(this.keyDefaults)).length > 0;
  }

  /** The limits of one key, project or organization that hold for a model; without one, all. */
  rulesOf(scope: LimitScope, id: string, organization: string | undefined, model?: string): LimitRule[] {
    const own = this.limits[scope].get(id);
    const limits = scope === 'key' ? { ...this.keyDefaults, ...definedOf(own ?? {}) } : own;
    if (!limits) return [];
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

function definedOf(limits: ScopeLimits): ScopeLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
