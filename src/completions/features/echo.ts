import type { UpstreamChoice } from '../answer/upstream-completion.js';
import { asLegacy } from '../answer/legacy-logprobs.js';
import type { Prompt } from '../../contract/prompts.js';
import { ignoredBy } from '../plan/unsupported.js';
import type { ChoiceFitter, Feature } from './feature.js';
import { isText } from './prompts.js';

export const echo: Feature = {
  name: 'echo',
  param: 'echo',
  asks: 'the prompt in front of the completion',
  isAsked: (body) => body.echo === true,
  isOmittedUnlessAsked: true,
  fit: ({ promptAt }) => new RequireEcho(promptAt),
  emulation: {
    how: 'the prompt is put there; where it is a list of token ids it is refused',
    cost: 'nothing more',
    requires: 'the prompt as text: with token ids it is refused, since only the engine can spell them',
    lacks: (body) => (isText(body) ? undefined : { param: 'echo', asks: '`echo` of token ids' }),
    /** Without `echo` the engine may not take 0 for `max_tokens`. */
    implies: (body) => (body.max_tokens === 0 ? ['echo_only'] : []),
    rewrite: (sent) => {
      sent.echo = undefined;
    },
    fit: ({ promptAt }) => new PrependPrompt(promptAt),
  },
};

/** Never emulated: made-up scores of a prompt would look right. */
export const echoLogprobs: Feature = {
  name: 'echo_logprobs',
  param: 'echo',
  asks: '`echo` with `logprobs`: the log probabilities of the prompt',
  isAsked: (body) => body.echo === true && typeof body.logprobs === 'number',
};

/** Puts the prompt in front of each choice, for engines that do not. */
class PrependPrompt implements ChoiceFitter {
  readonly stage = 'add';
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
 * Checks that an engine that should echo does: an answer without the prompt's tokens looks right, and every score computed
 * from it is wrong.
 */
export class RequireEcho implements ChoiceFitter {
  readonly stage = 'check';
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

/** How much of the prompt has been echoed. Each piece is compared once, and none is kept. */
class SeenEcho {
  /** The text that is still to come; tokenizers may drop a space at its start. */
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
