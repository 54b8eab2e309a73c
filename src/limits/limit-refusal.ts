import { ApiError } from '../errors/api-error.js';
import { type Claim, fits, type LimitKind, type LimitRule, msToNextDay, waitMsOf } from './limit-rule.js';
import type { ReserveAnswer } from './limit-store.js';

/** Nobody knows when one of the requests under way will end. */
const CONCURRENCY_WAIT_MS = 1_000;

const WORDS: Readonly<Record<LimitKind, string>> = {
  requests: 'requests per minute',
  tokens: 'tokens per minute',
  daily: 'requests per day',
  budget: 'tokens per month',
  concurrency: 'concurrent requests',
};

/** The limit that refused a request: of several, a spent budget, or else the one that takes longest. */
export interface Refusal {
  rule: LimitRule;
  error: ApiError;
}

export function refusalOf(
  rules: readonly LimitRule[],
  claims: readonly Claim[],
  { now, used }: Pick<ReserveAnswer, 'now' | 'used'>,
  headers: Record<string, string>,
): Refusal | undefined {
  let worst: { rule: LimitRule; waitMs: number } | undefined;
  for (const [index, rule] of rules.entries()) {
    const claim = claims[index];
    if (!claim || fits(claim, used[index] ?? 0)) continue;
    const waitMs = waitOf(claim, used[index] ?? 0, now);
    if (!worst || waitMs > worst.waitMs) worst = { rule, waitMs };
  }
  return worst && { rule: worst.rule, error: limitReached(worst.rule, worst.waitMs, headers) };
}

function waitOf(claim: Claim, used: number, now: number): number {
  switch (claim.kind) {
    case 'budget':
      return Infinity;
    case 'daily':
      return msToNextDay(now);
    case 'concurrency':
      return CONCURRENCY_WAIT_MS;
    case 'requests':
    case 'tokens':
      return waitMsOf(claim, used);
  }
}

/** The name of a limit in logs: `project.tokens`, `key.requests:llama*`. */
export function nameOf({ scope, kind, models }: LimitRule): string {
  return `${scope}.${kind}` + (models === undefined ? '' : `:${models}`);
}

/** `waitMs`: until the request would fit. */
export function limitReached(
  { scope, kind, limit, models }: Omit<LimitRule, 'key'>,
  waitMs: number,
  headers: Record<string, string>,
): ApiError {
  const whose = scope === 'key' ? 'this API key' : `its ${scope}`;
  const where = models === undefined ? '' : ` of the models ${models}`;
  const message = `Limit reached for ${whose}: ${limit} ${WORDS[kind]}${where}.`;
  if (kind === 'budget') {
    return new ApiError(429, 'insufficient_quota', message, { headers: { ...headers, 'x-should-retry': 'false' } });
  }
  const after = { 'Retry-After': String(Math.ceil(waitMs / 1000)), 'retry-after-ms': String(waitMs) };
  return new ApiError(429, 'rate_limit_exceeded', message, { headers: { ...headers, ...after } });
}
