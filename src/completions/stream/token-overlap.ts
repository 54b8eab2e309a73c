import { UpstreamError } from '../../upstreams/upstream-error.js';
import type { UpstreamChoice } from '../answer/upstream-completion.js';
import { asLegacy, sliceTokens } from '../answer/legacy-logprobs.js';
import type { TokenIds } from './token-trail.js';

/** What a resumed engine generates again of what the client has: it has to be the same, and is not sent again. */
export class TokenOverlap {
  /** `ids`: those of the broken stream after the resume position; `text`: what was delivered of them. */
  constructor(
    private ids: readonly number[],
    private text: string,
    /** The client has the tokens, and not only their text. */
    private readonly isTokensDelivered: boolean,
  ) {}

  /**
   * Takes the overlap from a choice, in place.
   *
   * @returns whether anything is left of it.
   * @throws {UpstreamError} when the engine generates other tokens than before.
   */
  cut(choice: UpstreamChoice & TokenIds): boolean {
    if (this.ids.length === 0 && this.text === '') return true;
    const ids = Array.isArray(choice.token_ids) ? (choice.token_ids as number[]) : [];
    const again = this.ids.slice(0, ids.length);
    if (this.isTokensDelivered && again.some((id, at) => id !== ids[at])) throw differs();
    this.ids = this.ids.slice(again.length);
    const text = choice.text.slice(0, this.text.length);
    if (!this.text.startsWith(text)) throw differs();
    this.text = this.text.slice(text.length);
    choice.text = choice.text.slice(text.length);
    if (choice.finish_reason && this.text !== '') throw differs();
    if (Array.isArray(choice.token_ids)) choice.token_ids = ids.slice(again.length);
    const scores = asLegacy(choice.logprobs);
    if (scores) {
      const rest = scores.tokens.length - again.length;
      choice.logprobs = rest <= 0 ? null : sliceTokens(scores, -rest);
    }
    return choice.text !== '' || Boolean(choice.finish_reason) || again.length < ids.length;
  }
}

function differs(): UpstreamError {
  return new UpstreamError('broken', 'the resumed stream differs from what was delivered');
}
