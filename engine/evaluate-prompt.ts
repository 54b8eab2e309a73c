import type { CompletionRequest, Prompt } from './completion-request.js';
import type { Model } from './load-model.js';
import type { LogitReader, Logits } from './logits.js';
import { score, type ScoredToken, unscored } from './scored-token.js';

export interface EvaluatedPrompt {
  /** The logits after the prompt. They stay readable: every choice begins from them. */
  readonly read: LogitReader;
  /** The client's tokens, scored if the request asks for the log-probabilities of its prompt. */
  readonly ownTokens: readonly ScoredToken[];
}

/**
 * Evaluates a prompt once for all its choices, and only as far as needed: with `max_tokens` 0, scoring takes all tokens but
 * the last, and without scores nothing is evaluated.
 *
 * Chunks begin at fixed positions, whatever else runs, so that the results are reproducible.
 */
export async function evaluatePrompt(
  { evaluator, promptChunkSize }: Model,
  sequence: number,
  prompt: Prompt,
  { maxTokens, echo, topLogprobs, sampling }: CompletionRequest,
  signal: AbortSignal,
): Promise<EvaluatedPrompt> {
  const topCount = echo ? topLogprobs : undefined;
  const ownTokens = prompt.tokens.slice(prompt.ownStart, prompt.ownEnd).map(unscored);
  const neededCount = maxTokens > 0 ? prompt.tokens.length : topCount === undefined ? 0 : prompt.ownEnd - 1;
  let last: Logits | undefined;

  for (let position = 0; position < neededCount; position += promptChunkSize) {
    signal.throwIfAborted();
    const chunk = prompt.tokens.slice(position, Math.min(position + promptChunkSize, neededCount));
    const isLast = position + chunk.length === prompt.tokens.length;
    const wanted = topCount === undefined ? (isLast ? 'last' : 'none') : 'every';
    await evaluator.evaluate(sequence, position, chunk, wanted, async (index, read) => {
      const nextPosition = position + index + 1;
      const next = prompt.tokens[nextPosition];
      if (next === undefined) {
        last = await read('all', sampling.repetitionPenalty !== 1);
      } else if (topCount !== undefined && nextPosition > prompt.ownStart && nextPosition < prompt.ownEnd) {
        ownTokens[nextPosition - prompt.ownStart] = score(await read('all'), next, topCount);
      }
    });
  }
  const read: LogitReader = () =>
    last ? Promise.resolve(last) : Promise.reject(new Error('the end of the prompt was not evaluated'));
  return { read, ownTokens };
}
