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

  private find({ keyId, project, organization }: Caller, model: string): LimitRule[] {
    const { limits } = this;
    // One node of a Redis cluster has all buckets of an organization: a request's are checked in one step.
    const tag = `{${encodeURIComponent(organization ?? keyId)}}`;
    const ofKey = { ...this.keyDefaults, ...definedOf(limits.key.get(keyId) ?? {}) };
    const rules = rulesOf('key', `${tag}:key:${keyId}`, ofKey, model);
    if (organization === undefined) return rules;
    const ofProject = project === undefined ? undefined : limits.project.get(project);
    const ofOrganization = limits.organization.get(organization);
    if (ofProject)
      rules.push(...rulesOf('project', `${tag}:project:${encodeURIComponent(project ?? '')}`, ofProject, model));
    if (ofOrganization) rules.push(...rulesOf('organization', `${tag}:organization`, ofOrganization, model));
    return rules;
  }
}

/** A pattern has one bucket for all models that match it: callers who make names up fill no memory. */
function rulesOf(scope: LimitScope, prefix: string, limits: ScopeLimits, model: string): LimitRule[] {
  const patterns = Object.entries(limits.models ?? {}).filter(([pattern]) => new Glob(pattern).matches(model));
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
