import type { ByteShare } from '../../common/byte-budget.js';
import type { UpstreamCompletion } from '../answer/upstream-completion.js';
import type { TokenOverlap } from './token-overlap.js';
import { type TokenIds, TokenTrail } from './token-trail.js';

/** The token ids of a stream, choice by choice, hidden from a client who did not ask for them. */
export class TokenTrails {
  private readonly trails = new Map<number, TokenTrail>();

  constructor(
    /** The engine whose ids they are, and its name of the model: another may name tokens differently. */
    readonly source: { engine: string; upstreamModel: string },
    private readonly isHidden: boolean,
    /** Characters by which the text is behind the ids. */
    private readonly heldCharacters: number,
    private readonly share: ByteShare,
    /** The prompt of a choice, where it was given as ids. */
    private readonly promptIdsAt: (index: number) => readonly number[] | undefined,
  ) {}

  at(index: number): TokenTrail {
    const known = this.trails.get(index);
    if (known) return known;
    const trail = new TokenTrail(this.heldCharacters, this.share, this.promptIdsAt(index));
    this.trails.set(index, trail);
    return trail;
  }

  /** Tokens of all choices but this one. */
  countBeside(index: number): number {
    let count = 0;
    for (const [each, { ids }] of this.trails) if (each !== index) count += ids.length;
    return count;
  }

  /** Records a chunk, and removes from it what the client has or did not ask for. */
  take(chunk: UpstreamCompletion, overlap: TokenOverlap | undefined): void {
    for (const choice of chunk.choices) this.at(choice.index).add(choice);
    if (overlap) chunk.choices = chunk.choices.filter((choice) => overlap.cut(choice));
    if (!this.isHidden) return;
    for (const choice of chunk.choices as TokenIds[]) {
      delete choice.token_ids;
      delete choice.prompt_token_ids;
    }
  }
}
