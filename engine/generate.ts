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
  /** Tokens of the completion, those of a stop string included, the end-of-text token not. */
  readonly tokenCount: number;
  /** The mean of the log-probabilities of all tokens chosen, the end-of-text token included: what `best_of` ranks by. */
  readonly meanLogprob: number;
}

export interface Generation {
  readonly model: Model;
  readonly request: CompletionRequest;
  readonly sequence: number;
  /** Where in the sequence the first generated token goes. */
  readonly position: number;
  /** The logits after the prompt. */
  readonly read: LogitReader;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly onToken: () => void;
}

/**
 * Generates one choice, piece by piece. The next token is evaluated when the next piece is asked for, so whoever stops
 * asking pauses it. After an abort no further token is evaluated.
 */
export async function* generate(generation: Generation): AsyncGenerator<Piece<ScoredToken>, Outcome> {
  const { model, request, sequence, signal } = generation;
  const { maxTokens } = request;
  if (maxTokens === 0) return { finishReason: 'length', tokenCount: 0, meanLogprob: 0 };

  const sampler = new Sampler(request.sampling, generation.random);
  const text = new TokenText<ScoredToken>(request.stops);
  const isScored = request.topLogprobs !== undefined || request.bestOf > request.n;
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
    if (model.endsGeneration(next.token)) {
      yield* rest(text);
      return { finishReason: 'stop', tokenCount, meanLogprob: logprobSum / (tokenCount + 1) };
    }
    tokenCount++;
    const { stopped, ...piece } = text.push(next, model.vocabulary.bytesOf(next.token));
    yield piece;
    if (stopped) return { finishReason: 'stop', tokenCount, meanLogprob: logprobSum / tokenCount };
    if (tokenCount === maxTokens) {
      yield* rest(text);
      return { finishReason: 'length', tokenCount, meanLogprob: logprobSum / tokenCount };
    }
    signal.throwIfAborted();
    await model.evaluator.evaluate(
      sequence,
      generation.position + tokenCount - 1,
      [next.token],
      'last',
      async (_, read) => {
        next = await choose(read);
      },
    );
  }
}

/** What was held back for want of a next token, if anything. */
function* rest(text: TokenText<ScoredToken>): Generator<Piece<ScoredToken>> {
  const piece = text.finish();
  if (piece.text !== '' || piece.tokens.length > 0) yield piece;
}
