/** Whose limit it is. */
export type LimitScope = 'key' | 'project' | 'organization';

/**
 * `requests` and `tokens` are rates a minute, `daily` is requests a day, `budget` tokens a calendar month (both UTC),
 * `concurrency` requests at once.
 */
export type LimitKind = 'requests' | 'tokens' | 'daily' | 'budget' | 'concurrency';

/** Those that start anew with each UTC day or month. */
export type PeriodKind = Extract<LimitKind, 'daily' | 'budget'>;

/** One limit of one scope, for all models or for those of a pattern. */
export interface LimitRule {
  scope: LimitScope;
  kind: LimitKind;
  limit: number;
  /** The key of its counter in the store; of a daily limit or a budget, without the day or the month. */
  key: string;
  /** A pattern of models; undefined: all. */
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
 * Rates are token buckets that hold one minute (GCRA). A counter says how much of a bucket is used, in units: 60,000 for one
 * request or token, of which `limit` come back each millisecond. Whole numbers, exact in a double and in Lua.
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

/** Whether it starts anew with each day or month. */
export function isOfPeriod(kind: LimitKind): kind is PeriodKind {
  return kind === 'daily' || kind === 'budget';
}

/** The amount of a claim, in the unit of the counters. */
export function inUnits({ kind, amount }: Pick<Claim, 'kind' | 'amount'>): number {
  return isRate(kind) ? amount * UNITS : amount;
}

/** The limit, in the unit of the counters. */
function capacityOf({ kind, limit }: Pick<Claim, 'kind' | 'limit'>): number {
  return isRate(kind) ? limit * UNITS : limit;
}

/** Whether the claim fits on top of what is `used` already. */
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

/** Milliseconds until nothing of a rate is used. */
export function resetMsOf({ limit }: Pick<Claim, 'limit'>, used: number): number {
  return Math.ceil(used / limit);
}

/** Milliseconds until a claim that does not fit a rate will. */
export function waitMsOf(claim: Claim, used: number): number {
  return Math.max(1, Math.ceil((used + inUnits(claim) - capacityOf(claim)) / claim.limit));
}

/** How long the counter of a period is kept: longer than the period. Milliseconds. */
export const PERIOD_MS: Readonly<Record<PeriodKind, number>> = {
  daily: 2 * DAY_MS,
  budget: 32 * DAY_MS,
};

interface Period {
  name: string;
  from: number;
  until: number;
}

const NO_PERIOD: Period = { name: '', from: 0, until: 0 };

/** The one that was asked for last, of each kind: most requests fall into the same. */
const periods: Record<PeriodKind, Period> = { daily: NO_PERIOD, budget: NO_PERIOD };

/** The day of a daily limit (`2026-11-27`), or the month of a budget (`2026-11`), in UTC. */
export function periodOf(kind: PeriodKind, now: number): string {
  const { from, until } = periods[kind];
  if (now < from || now >= until) periods[kind] = kind === 'daily' ? dayAt(now) : monthAt(now);
  return periods[kind].name;
}

function dayAt(now: number): Period {
  const until = now + msToNextDay(now);
  return { name: new Date(now).toISOString().slice(0, 10), from: until - DAY_MS, until };
}

function monthAt(now: number): Period {
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { name: date.toISOString().slice(0, 7), from: Date.UTC(year, month), until: Date.UTC(year, month + 1) };
}

export function msToNextDay(now: number): number {
  return DAY_MS - (now % DAY_MS);
}
