import { type Claim, remainingOf, resetMsOf } from './limit-rule.js';

/** OpenAI's headers: of requests and of tokens a minute, the limit of which the smallest part is left. */
export function rateLimitHeaders(claims: readonly Claim[], used: readonly number[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const kind of ['requests', 'tokens'] as const) {
    let tightest: { limit: number; remaining: number; resetMs: number } | undefined;
    for (const [index, claim] of claims.entries()) {
      const usedUnits = used[index];
      if (claim.kind !== kind || usedUnits === undefined) continue;
      const { limit } = claim;
      const remaining = remainingOf(claim, usedUnits);
      if (tightest && tightest.remaining / tightest.limit <= remaining / limit) continue;
      tightest = { limit, remaining, resetMs: resetMsOf(claim, usedUnits) };
    }
    if (!tightest) continue;
    headers[`x-ratelimit-limit-${kind}`] = String(tightest.limit);
    headers[`x-ratelimit-remaining-${kind}`] = String(tightest.remaining);
    headers[`x-ratelimit-reset-${kind}`] = formatDuration(tightest.resetMs);
  }
  return headers;
}

/** As Go writes durations, and OpenAI's API does: `12ms`, `8.64s`, `6m0s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = (milliseconds % 60_000) / 1000;
  if (minutes === 0) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}s` : `${hours}h${minutes % 60}m${seconds}s`;
}
