import { type Claim, remainingOf, resetMsOf } from './limit-rule.js';

const KINDS = (['requests', 'tokens'] as const).map((kind) => ({
  kind,
  limit: `x-ratelimit-limit-${kind}`,
  remaining: `x-ratelimit-remaining-${kind}`,
  reset: `x-ratelimit-reset-${kind}`,
}));

/** OpenAI's headers for requests and tokens a minute, each of the limit with the smallest share left. */
export function rateLimitHeaders(claims: readonly Claim[], used: readonly number[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const names of KINDS) {
    let tightest: Claim | undefined;
    let usedUnits = 0;
    let remaining = Infinity;
    for (let index = 0; index < claims.length; index++) {
      const claim = claims[index];
      if (claim?.kind !== names.kind) continue;
      const left = remainingOf(claim, used[index] ?? 0);
      if (tightest && remaining / tightest.limit <= left / claim.limit) continue;
      [tightest, usedUnits, remaining] = [claim, used[index] ?? 0, left];
    }
    if (!tightest) continue;
    headers[names.limit] = String(tightest.limit);
    headers[names.remaining] = String(remaining);
    headers[names.reset] = formatDuration(resetMsOf(tightest, usedUnits));
  }
  return headers;
}

/** Go's notation, which OpenAI's API uses: `12ms`, `8.64s`, `6m0s`. */
function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = (milliseconds % 60_000) / 1000;
  if (minutes === 0) return `${seconds}s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${seconds}s` : `${hours}h${minutes % 60}m${seconds}s`;
}
