import type { UpstreamChoice } from '../canonical.js';
import { asLegacy } from './legacy-logprobs.js';
import type { Prompt } from '../../contract/prompts.js';
import { type Emulation, ignoredBy } from './emulation.js';

/** Puts the prompt in front of each choice, for engines that do not. */
export class PrependPrompt implements Emulation {
  private readonly begun = new Set<number>();

  constructor(private readonly promptOf: (index: number) => Prompt) {}

  fit(choice: UpstreamChoice): boolean {
    if (this.begun.has(choice.index)) return true;
    this.begun.add(choice.index);
    choice.text = String(this.promptOf(choice.index)) + choice.text;
    return true;
  }
}

/**
 * Watches that an engine that is said to echo does it: an answer without the prompt's tokens looks right, and every score
 * that is made of it is wrong.
 */
export class RequireEcho implements Emulation {
  private readonly seen = new Map<number, SeenEcho>();

  constructor(private readonly promptOf: (index: number) => Prompt) {}

  fit(choice: UpstreamChoice): boolean {
    const seen = this.seen.get(choice.index) ?? new SeenEcho(this.promptOf(choice.index));
    this.seen.set(choice.index, seen);
    seen.add(choice.text, asLegacy(choice.logprobs)?.tokens.length ?? 0);
    if (choice.finish_reason && !seen.isEchoed) throw ignoredBy({ param: 'echo', asks: '`echo` of this prompt' });
    return true;
  }
}

/** How much of a prompt has come. Each piece is compared once, and none is kept. */
class SeenEcho {
  /** The text that is still to come; tokenizers may drop a space at the begin of one. */
  private missing: string;
  private isOther = false;
  private hasText = false;
  private tokenCount = 0;

  constructor(private readonly prompt: Prompt) {
    this.missing = typeof prompt === 'string' ? prompt.trimStart() : '';
  }

  add(text: string, tokenCount: number): void {
    this.tokenCount += tokenCount;
    const piece = this.hasText ? text : text.trimStart();
    if (typeof this.prompt !== 'string') this.hasText ||= text !== '';
    else if (piece !== '') this.compare(piece);
  }

  private compare(piece: string): void {
    this.hasText = true;
    const compared = piece.length > this.missing.length ? piece.slice(0, this.missing.length) : piece;
    this.isOther ||= !this.missing.startsWith(compared);
    this.missing = this.missing.slice(compared.length);
  }

  get isEchoed(): boolean {
    if (typeof this.prompt === 'string') return !this.isOther && this.missing === '';
    return this.tokenCount === 0 ? this.hasText : this.tokenCount >= this.prompt.length;
  }
}
