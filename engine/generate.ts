import type { CompletionRequest } from './completion-request.js';
import type { Model } from './load-model.js';
import type { LogitReader } from './logits.js';
import { Sampler } from './sampler.js';
import type { Random } from './random.js';
import { score, type ScoredToken, unscored } from './scored-token.js';
import { type Piece, TokenText } from './token-text.js';

export type FinishReason = 'stop' | 'length';

export interface Outcome {
  readonly finishReason: FinishReason;
  /** Tokens of the completion, including those of a stop string, without the end-of-text token. */
  readonly tokenCount: number;
  /** The text that was held back, and that of the token that ends the choice. */
  readonly last: Piece<ScoredToken>;
  /** The mean log-probability of all chosen tokens, including the end-of-text token: `best_of` ranks by it. */
  readonly meanLogprob: number;
}

export interface Generation {
  readonly model: Model;
  readonly request: CompletionRequest;
  readonly sequence: number;
  /** What the sequence holds; `repetition_penalty` counts these tokens. */
  readonly promptTokens: readonly number[];
  /** The logits after the prompt. */
  readonly read: LogitReader;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly onToken: () => void;
}

/**
 * Generates one choice, piece by piece. The next token is evaluated only when the next piece is asked for. After an abort no
 * further token is evaluated.
 */
export async function* generate(generation: Generation): AsyncGenerator<Piece<ScoredToken>, Outcome> {
  const { model, request, sequence, promptTokens, signal } = generation;
  const { maxTokens, ending } = request;
  const text = new TokenText<ScoredToken>(request.stops, ending.keepsStop);
  if (maxTokens === 0) return { finishReason: 'length', tokenCount: 0, last: text.finish(), meanLogprob: 0 };

  const sampler = new Sampler(request.sampling, generation.random, promptTokens);
  const isScored = request.topLogprobs !== undefined || request.bestOf > request.n;
  const bytesOf = (token: number): Uint8Array =>
    ending.showsSpecial ? model.vocabulary.promptBytesOf(token) : model.vocabulary.bytesOf(token);
  let logprobSum = 0;
  const choose = async (read: LogitReader): Promise<ScoredToken> => {
    const token = await sampler.next(read);
    generation.onToken();
    if (!isScored) return unscored(token);
    const scored = score(await read('all'), token, request.topLogprobs ?? 0);
    logprobSum += scored.logprob ?? 0;
    return scored;
  };

  let next = await choose(generation.read);
  for (let tokenCount = 0; ;) {
    const isEnd = !ending.ignoresEnd && model.endTokens.has(next.token);
    if (isEnd && !(ending.keepsStop && ending.showsSpecial)) {
      const meanLogprob = logprobSum / (tokenCount + 1);
      return { finishReason: 'stop', tokenCount, last: text.finish(), meanLogprob };
    }
    tokenCount++;
    const meanLogprob = logprobSum / tokenCount;
    const bytes = bytesOf(next.token);
    if (isEnd || ending.stopTokens.has(next.token)) {
      const last = ending.keepsStop ? text.finishWith(next, bytes) : { ...text.finish(), dropped: [next] };
      return { finishReason: 'stop', tokenCount, last, meanLogprob };
    }
    const { stopped, ...piece } = text.push(next, bytes, tokenCount <= request.sampling.minTokens);
    if (stopped) return { finishReason: 'stop', tokenCount, last: piece, meanLogprob };
    yield piece;
    if (tokenCount === maxTokens) return { finishReason: 'length', tokenCount, last: text.finish(), meanLogprob };
    signal.throwIfAborted();
    await model.evaluator.evaluate(
      sequence,
      promptTokens.length + tokenCount - 1,
      [next.token],
      'last',
      async (_, read) => {
        next = await choose(read);
      },
    );
  }
}
