import type { Exchange } from '../observability/exchange.js';
import type { Claim } from './limit-rule.js';
import type { PromptSize } from './token-estimate.js';

/** The request that a reservation is for. */
export interface Asked {
  model: string;
  size: PromptSize;
}

/** How a request ended: complete, with an error, or because its client disconnected. */
export type Outcome = 'answered' | 'failed' | 'aborted';

/** Told by a reservation when its request is over. */
export interface Settler {
  /** `differences`: of each claim, what was used beyond it; negative for what is given back. */
  settled(reservation: Reservation, differences: Claim[]): void;
}

/** What is reserved for one request until it is over. */
export class Reservation {
  /** `x-ratelimit-…` for the answer. */
  headers: Record<string, string> = {};
  /** The tokens of the prompts, as the upstream counted them. */
  reportedPromptTokens: number | undefined;
  private isSettled = false;

  constructor(
    private readonly settler: Settler,
    readonly lease: string,
    readonly claims: Claim[],
    readonly asked: Asked,
  ) {}

  /** Gives back what was not used, and charges what was used beyond it. Later calls do nothing. */
  settle({ usage, estimatedUsage }: Pick<Exchange, 'usage' | 'estimatedUsage'>, outcome: Outcome): void {
    if (this.isSettled) return;
    this.isSettled = true;
    if (outcome === 'answered') this.reportedPromptTokens = usage?.prompt_tokens;
    const used = usage ?? estimatedUsage;
    // A client that disconnects before anything was sent upstream has used a request, but no tokens.
    const nothing = outcome === 'failed' ? undefined : 0;
    const tokens = used ? used.prompt_tokens + used.completion_tokens : nothing;
    const differences = this.claims.map((claim) => ({ ...claim, amount: difference(claim, tokens) }));
    this.settler.settled(this, differences);
  }
}

/** `tokens` is undefined when nothing was done for the request: everything is given back. */
function difference({ kind, amount }: Claim, tokens: number | undefined): number {
  switch (kind) {
    case 'concurrency':
      return -1;
    case 'requests':
    case 'daily':
      return tokens === undefined ? -amount : 0;
    case 'tokens':
    case 'budget':
      return (tokens ?? 0) - amount;
  }
}
