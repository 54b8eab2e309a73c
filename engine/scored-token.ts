import { type Logits, logSum } from './logits.js';

/** A token of a text, with its log-probabilities if they were asked for. */
export interface ScoredToken {
  readonly token: number;
  /** Natural logarithm of the probability before any sampling option. Null for a prompt's first token, which follows nothing. */
  readonly logprob: number | null;
  /** The likeliest tokens at this position, by falling probability. Includes the token itself. */
  readonly top: readonly TokenLogprob[] | null;
}

export type TokenLogprob = readonly [token: number, logprob: number];

export function unscored(token: number): ScoredToken {
  return { token, logprob: null, top: null };
}

/** Scores a token by the logits of its position, which must list the whole vocabulary. */
export function score(logits: Logits, token: number, topCount: number): ScoredToken {
  const normalizer = logSum(logits);
  const at = (index: number): TokenLogprob => [
    logits.tokens[index] ?? token,
    (logits.values[index] ?? -Infinity) - normalizer,
  ];
  const own = at(logits.tokens.indexOf(token));
  const top = Array.from({ length: Math.min(topCount, logits.tokens.length) }, (_, index) => at(index));
  if (!top.some(([other]) => other === token)) top.push(own);
  return { token, logprob: own[1], top };
}
