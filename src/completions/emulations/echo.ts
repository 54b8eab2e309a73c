import type { UpstreamChoice } from '../canonical.js';
import { asLegacy } from './legacy-logprobs.js';
import type { Prompt } from '../prompts.js';
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
  private readonly seen = new Map<number, { text: string; tokenCount: number }>();

  constructor(private readonly promptOf: (index: number) => Prompt) {}

  fit(choice: UpstreamChoice): boolean {
    const seen = this.seen.get(choice.index) ?? { text: '', tokenCount: 0 };
    this.seen.set(choice.index, seen);
    seen.text += choice.text;
    seen.tokenCount += asLegacy(choice.logprobs)?.tokens.length ?? 0;
    if (choice.finish_reason && !this.isEchoed(choice.index, seen)) {
      throw ignoredBy({ param: 'echo', asks: '`echo` of this prompt' });
    }
    return true;
  }

  private isEchoed(index: number, { text, tokenCount }: { text: string; tokenCount: number }): boolean {
    const prompt = this.promptOf(index);
    // Tokenizers may drop a space at the begin of a text.
    if (typeof prompt === 'string') return text.trimStart().startsWith(prompt.trimStart());
    return tokenCount === 0 ? text !== '' : tokenCount >= prompt.length;
  }
}
