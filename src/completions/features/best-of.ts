import type { LegacyLogprobs, UpstreamChoice } from '../answer/upstream-completion.js';
import { lengthInCodePoints } from '../../common/code-points.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { echoedPromptOf, promptOf } from '../../contract/prompts.js';
import { asLegacy } from '../answer/legacy-logprobs.js';
import { ignoredBy } from '../plan/unsupported.js';
import type { Feature } from './feature.js';
import { isText } from './prompts.js';

export const bestOf: Feature = {
  name: 'best_of',
  param: 'best_of',
  asks: 'the best of several choices',
  /** Where all choices are returned there is nothing to rank. */
  isAsked: ({ best_of: count, n }) => (count ?? 0) > (n ?? 1),
  isOmittedUnlessAsked: true,
  emulation: {
    how: 'so many choices with log probabilities, ranked by their mean per token',
    cost: 'as `n` costs, for `best_of` choices',
    requires: '`logprobs` and `n`, native or emulated: without them there is nothing to rank',
    needs: ['logprobs', 'n'],

    lacks(body, { upstream }) {
      if (body.temperature === 0 && upstream.profile.capabilities.n_greedy === 'refuse') return bestOf;
      const echoesTokens = body.echo === true && !isText(body) && typeof body.logprobs !== 'number';
      return echoesTokens ? { param: 'echo', asks: '`best_of` with `echo` of token ids' } : undefined;
    },

    replace: toRankable,
  },
};

/** So many choices with log probabilities. A prompt that is echoed without them is prepended afterwards, so that it needs none. */
export function toRankable(body: CreateCompletionDto): CreateCompletionDto {
  const isScored = typeof body.logprobs === 'number';
  return {
    ...body,
    n: body.best_of ?? null,
    best_of: null,
    logprobs: body.logprobs ?? 0,
    echo: isScored ? (body.echo ?? null) : null,
  };
}

/**
 * Of the choices of each prompt, the `n` with the highest mean log probability per token, best first, as OpenAI ranks them
 * (https://platform.openai.com/docs/api-reference/completions/create). `body` is what the client sent.
 */
export function pickBest(choices: readonly UpstreamChoice[], body: CreateCompletionDto): UpstreamChoice[] {
  const n = body.n ?? 1;
  const of = body.best_of ?? n;
  const best: UpstreamChoice[] = [];
  for (let first = 0; first < choices.length; first += of) {
    const ranked = choices
      .slice(first, first + of)
      .map((choice) => ({ choice, score: meanLogprob(choice, body) }))
      .sort((a, b) => b.score - a.score);
    for (const { choice } of ranked.slice(0, n)) best.push(toAsked(choice, best.length, body));
  }
  return best;
}

function toAsked(choice: UpstreamChoice, index: number, body: CreateCompletionDto): UpstreamChoice {
  if (typeof body.logprobs === 'number') return { ...choice, index };
  return { ...choice, index, text: echoedPromptOf(body, index) + choice.text, logprobs: null };
}

/** Over the generated tokens. A choice without any ranks last: an empty text is never the best. */
function meanLogprob(choice: UpstreamChoice, body: CreateCompletionDto): number {
  const legacy = asLegacy(choice.logprobs);
  if (!legacy && choice.text !== '') throw ignoredBy({ param: 'best_of', asks: '`best_of`' });
  const generated = legacy ? generatedLogprobs(legacy, choice.index, body) : [];
  return generated.length === 0 ? -Infinity : generated.reduce((sum, logprob) => sum + logprob, 0) / generated.length;
}

function generatedLogprobs(legacy: LegacyLogprobs, index: number, body: CreateCompletionDto): number[] {
  const { token_logprobs, text_offset } = legacy;
  const isEchoed = body.echo === true && typeof body.logprobs === 'number';
  if (!isEchoed) return token_logprobs.filter((logprob) => logprob !== null);
  const prompt = promptOf({ ...body, n: body.best_of ?? null }, index);
  const begin = typeof prompt === 'string' ? lengthInCodePoints(prompt) : prompt.length;
  const isGenerated = (at: number): boolean => (typeof prompt === 'string' ? (text_offset[at] ?? 0) : at) >= begin;
  return token_logprobs.filter((logprob, at): logprob is number => logprob !== null && isGenerated(at));
}
