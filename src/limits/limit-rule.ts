/** Whose limit it is. */
export type LimitScope = 'key' | 'project' | 'organization';

/**
 * `requests` and `tokens` are rates a minute, `daily` is requests a day, `budget` tokens a calendar month (both UTC),
 * `concurrency` requests at once.
 */
export type LimitKind = 'requests' | 'tokens' | 'daily' | 'budget' | 'concurrency';

/** One limit of one scope, for all models or for those of a pattern. */
export interface LimitRule {
  scope: LimitScope;
  kind: LimitKind;
  limit: number;
  /** Where a store keeps what is used of it; with the day or the month, where it is of one. */
  key: string;
  /** The pattern of models that it is for; undefined: all. */
  models: string | undefined;
}

/** What one request takes of one limit; settled with the difference, which may be negative. */
export interface Claim {
  key: string;
  kind: LimitKind;
  limit: number;
  /** Requests or tokens; of `concurrency`, always one lease. */
  amount: number;
}

/**
 * Rates are token buckets that hold one minute (GCRA). What is kept of a bucket is how much of it is used, in units of which
 * one request or token has 60,000 and `limit` come back each millisecond: whole numbers, exact in a double and in Lua.
 */
export const UNITS = 60_000;

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is used of a rate after `elapsedMs`, in units. */
export function usedAfter(usedUnits: number, elapsedMs: number, limit: number): number {
  return Math.max(0, usedUnits - Math.max(0, elapsedMs) * limit);
}

function isRate(kind: LimitKind): boolean {
  return kind === 'requests' || kind === 'tokens';
}

/** Whether it begins anew with each day or month. */
export function isOfPeriod(kind: LimitKind): kind is 'daily' | 'budget' {
  return kind === 'daily' || kind === 'budget';
}

/** A claim in the unit in which what is used is kept. */
export function inUnits({ kind, amount }: Pick<Claim, 'kind' | 'amount'>): number {
  return isRate(kind) ? amount * UNITS : amount;
}

/** The whole of a limit, in the unit in which what is used is kept. */
export function capacityOf({ kind, limit }: Pick<Claim, 'kind' | 'limit'>): number {
  return isRate(kind) ? limit * UNITS : limit;
}

/** Whether the claim fits beside what is `used` already. */
export function fits(claim: Claim, used: number): boolean {
  return used + inUnits(claim) <= capacityOf(claim);
}

/** Whole requests or tokens that are left. */
export function remainingOf(claim: Pick<Claim, 'kind' | 'limit'>, used: number): number {
  const left = Math.max(0, capacityOf(claim) - used);
  return isRate(claim.kind) ? Math.floor(left / UNITS) : left;
}

/** Whole requests or tokens that are used; a part of one counts as one. */
export function usedOf({ kind }: Pick<Claim, 'kind'>, used: number): number {
  return isRate(kind) ? Math.ceil(used / UNITS) : used;
}

/** Milliseconds until a rate is whole again. */
export function resetMsOf({ limit }: Pick<Claim, 'limit'>, used: number): number {
  return Math.ceil(used / limit);
}

/** Milliseconds until a claim that does not fit a rate will. */
export function waitMsOf(claim: Claim, used: number): number {
  return Math.max(1, Math.ceil((used + inUnits(claim) - capacityOf(claim)) / claim.limit));
}

/** How long the use of a period is kept: longer than the period. Milliseconds. */
export const PERIOD_MS: Readonly<Record<'daily' | 'budget', number>> = {
  daily: 2 * DAY_MS,
  budget: 32 * DAY_MS,
};

let month = { name: '', from: 0, until: 0 };
let day = { name: '', from: 0, until: 0 };

/** `2026-11`: the month of a budget, in UTC. */
export function monthOf(now: number): string {
  if (now < month.from || now >= month.until) {
    const date = new Date(now);
    const [year, index] = [date.getUTCFullYear(), date.getUTCMonth()];
    month = { name: date.toISOString().slice(0, 7), from: Date.UTC(year, index), until: Date.UTC(year, index + 1) };
  }
  return month.name;
}

/** `2026-11-27`: the day of a daily limit, in UTC. */
export function dayOf(now: number): string {
  if (now < day.from || now >= day.until) {
    const until = now + msToNextDay(now);
    day = { name: new Date(now).toISOString().slice(0, 10), from: until - DAY_MS, until };
  }
  return day.name;
}

export function msToNextDay(now: number): number {
  return DAY_MS - (now % DAY_MS);
}
