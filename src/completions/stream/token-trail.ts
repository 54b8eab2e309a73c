import type { ByteShare } from '../../common/byte-budget.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import type { UpstreamChoice } from '../answer/upstream-completion.js';

/** vLLM's `return_token_ids`, in the first chunk of a choice and in each. */
export interface TokenIds {
  prompt_token_ids?: unknown;
  token_ids?: unknown;
}

/** A position after a token at which the text is known in whole characters. */
export interface Boundary {
  tokenCount: number;
  /** Generated characters (code points) up to there. */
  characters: number;
}

/** At most, for an id and its boundary. */
const BYTES_PER_TOKEN = 64;

const BEGIN: Boundary = { tokenCount: 0, characters: 0 };

/** The token ids of one choice as its engine gives them, which may be before the text. */
export class TokenTrail {
  ids: number[] = [];
  private boundaries: Boundary[] = [];
  /** Of the text that the engine has sent. */
  private sentCharacters = 0;
  private isBroken = false;

  /** `heldCharacters` is how far the engine's text is behind its ids, once there is any. */
  constructor(
    private readonly heldCharacters: number,
    private readonly share: ByteShare,
    /** Known from the request, or from the engine. */
    public promptIds?: readonly number[],
  ) {}

  /** Whether every token came with its id so far. */
  get isKnown(): boolean {
    return !this.isBroken && this.promptIds !== undefined;
  }

  /** Takes in a choice of a chunk as the engine sent it. */
  add({ text, finish_reason, ...fields }: UpstreamChoice & TokenIds): void {
    if (isIds(fields.prompt_token_ids)) this.promptIds ??= this.keep(fields.prompt_token_ids);
    if (isIds(fields.token_ids)) this.ids.push(...this.keep(fields.token_ids));
    else if (text !== '' || !finish_reason) this.isBroken = true;
    // A token that ends within a character has no text yet: not a resume position.
    if (text === '') return;
    this.sentCharacters += lengthInCodePoints(text);
    const characters = this.sentCharacters + this.heldCharacters;
    this.boundaries.push({ tokenCount: this.ids.length, characters });
  }

  /** The last boundary within this many characters. */
  boundaryWithin(characters: number): Boundary {
    return this.boundaries.findLast((each) => each.characters <= characters) ?? BEGIN;
  }

  /** Forgets what came after: the engine generates it again. */
  rewind(to: Boundary): void {
    this.ids = this.ids.slice(0, to.tokenCount);
    this.boundaries = this.boundaries.filter(({ tokenCount }) => tokenCount <= to.tokenCount);
    this.sentCharacters = to.characters;
  }

  private keep(ids: number[]): number[] {
    if (!this.share.take(ids.length * BYTES_PER_TOKEN)) this.isBroken = true;
    return this.isBroken ? [] : ids;
  }
}

function isIds(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && id >= 0);
}
