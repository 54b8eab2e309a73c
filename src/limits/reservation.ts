import type { Exchange } from '../observability/exchange.js';
import type { Claim } from './limit-rule.js';
import type { Limiter } from './limiter.js';
import type { PromptSize } from './token-estimate.js';

/** What was reserved for, in tokens as they were estimated. */
export interface Asked {
  model: string;
  size: PromptSize;
  promptTokens: number;
  maxTokens: number;
}

/** How a request ended. */
export interface Ending {
  exchange: Pick<Exchange, 'usage' | 'attemptCount'>;
  /** Whole, failed, or left by the client. */
  outcome: 'answered' | 'failed' | 'aborted';
  isStream: boolean;
  /** Generated tokens that were delivered in a stream. */
  generatedTokens: number;
}

/** What is reserved for one request until it is over. */
export class Reservation {
  /** `x-ratelimit-…` for the answer. */
  headers: Record<string, string> = {};
  /** The prompts' tokens by the upstream's own count. */
  promptTokensSaid: number | undefined;
  private isSettled = false;

  constructor(
    private readonly limiter: Limiter,
    readonly lease: string,
    readonly claims: Claim[],
    readonly asked: Asked,
  ) {}

  /** Gives back what was not used, and charges what was used beyond the reservation. Once: later calls do nothing. */
  settle(ending: Ending): void {
    if (this.isSettled) return;
    this.isSettled = true;
    const { usage } = ending.exchange;
    if (ending.outcome === 'answered') this.promptTokensSaid = usage?.prompt_tokens;
    const tokens = this.spentTokens(ending);
    const differences = this.claims.map((claim) => ({ ...claim, amount: difference(claim, tokens) }));
    this.limiter.settled(this, differences);
  }

  /** Undefined: nothing was done for it, and all is given back. */
  private spentTokens({ exchange, outcome, isStream, generatedTokens }: Ending): number | undefined {
    const { usage, attemptCount } = exchange;
    const { promptTokens, maxTokens } = this.asked;
    if (usage) return usage.prompt_tokens + usage.completion_tokens;
    if (generatedTokens > 0) return promptTokens + generatedTokens;
    switch (outcome) {
      case 'failed':
        return undefined;
      case 'aborted':
        // What the upstream had generated of an answer that is not streamed is not known.
        return attemptCount > 0 ? promptTokens : 0;
      case 'answered':
        return isStream ? promptTokens : promptTokens + maxTokens;
    }
  }
}

function difference({ kind, amount }: Claim, tokens: number | undefined): number {
  switch (kind) {
    case 'concurrency':
      return -1;
    case 'requests':
      return tokens === undefined ? -amount : 0;
    case 'tokens':
    case 'budget':
      return (tokens ?? 0) - amount;
  }
}
