import type { CompletionRequest, Prompt } from './completion-request.js';
import { type EvaluatedPrompt, evaluatePrompt } from './evaluate-prompt.js';
import { type FinishReason, generate, type Outcome } from './generate.js';
import type { Model } from './load-model.js';
import { randomOf } from './random.js';
import type { ScoredToken } from './scored-token.js';
import { lengthInCodePoints } from '../src/common/code-points.js';
import { type Piece, TokenText } from './token-text.js';

/** A part of one choice. Parts come in order; the last one has the finish reason. */
export interface ChoicePart extends Omit<Piece<ScoredToken>, 'dropped'> {
  /** `prompt index × n + choice index`. */
  readonly index: number;
  /** The ids of the generated tokens that end in this part, including tokens whose text is never sent. */
  readonly ids: readonly number[];
  /** The ids of the prompt, in the first part of a choice. */
  readonly promptIds: readonly number[] | null;
  /** Tokens generated so far for all choices of the prompt. */
  readonly generatedCount: number;
  readonly finishReason: FinishReason | null;
}

type Part = Pick<ChoicePart, 'text' | 'tokens' | 'ids'>;

/** Takes a part. Generation continues when it resolves: backpressure. */
export type Deliver = (part: ChoicePart) => Promise<void> | void;

export interface PromptRun {
  readonly model: Model;
  readonly request: CompletionRequest;
  readonly promptIndex: number;
  readonly prompt: Prompt;
  /** The sequence of the llama.cpp context, used by this run alone. */
  readonly sequence: number;
  readonly signal: AbortSignal;
  readonly onToken: () => void;
}

/**
 * Generates the choices of one prompt. The prompt is evaluated once: the sequence is rewound to its end before each further
 * choice.
 *
 * @returns the number of generated tokens.
 */
export async function completePrompt(run: PromptRun, deliver: Deliver): Promise<number> {
  const { model, request, prompt, sequence } = run;
  model.evaluator.forget(sequence, 0);
  const evaluated = await evaluatePrompt(model, sequence, prompt, request, run.signal);
  if (request.bestOf > request.n) return completeBest(run, evaluated, deliver);

  let tokenCount = 0;
  for (let choice = 0; choice < request.n; choice++) {
    const outcome = await completeChoice(run, evaluated, choice, tokenCount, deliver);
    tokenCount += outcome.tokenCount;
  }
  return tokenCount;
}

/** Generates `best_of` choices and delivers the `n` with the highest mean log-probability, best first. */
async function completeBest(run: PromptRun, evaluated: EvaluatedPrompt, deliver: Deliver): Promise<number> {
  const { n, bestOf } = run.request;
  const candidates: { parts: ChoicePart[]; outcome: Outcome }[] = [];
  for (let choice = 0; choice < bestOf; choice++) {
    const parts: ChoicePart[] = [];
    const outcome = await completeChoice(run, evaluated, choice, 0, (part) => void parts.push(part));
    candidates.push({ parts, outcome });
  }
  const best = candidates.toSorted((a, b) => b.outcome.meanLogprob - a.outcome.meanLogprob).slice(0, n);
  for (const [rank, { parts }] of best.entries()) {
    for (const part of parts) await deliver({ ...part, index: run.promptIndex * n + rank });
  }
  return candidates.reduce((sum, { outcome }) => sum + outcome.tokenCount, 0);
}

async function completeChoice(
  run: PromptRun,
  evaluated: EvaluatedPrompt,
  choice: number,
  countBefore: number,
  deliver: Deliver,
): Promise<Outcome> {
  const { model, request, promptIndex, prompt, sequence, signal, onToken } = run;
  if (choice > 0) await rewind(run);
  const index = promptIndex * request.n + choice;
  let promptIds: readonly number[] | null = prompt.tokens;
  const add = async (part: Part, generatedCount: number, finishReason: FinishReason | null = null): Promise<void> => {
    await deliver({ ...part, index, promptIds, generatedCount: countBefore + generatedCount, finishReason });
    promptIds = null;
  };
  if (request.echo) await add({ text: prompt.text, tokens: placeOwnTokens(run, evaluated), ids: [] }, 0);
  const promptLength = lengthInCodePoints(prompt.text);
  const random = randomOf(request.seed, promptIndex, choice);
  const { read } = evaluated;
  const pieces = generate({ model, request, sequence, promptTokens: prompt.tokens, read, random, signal, onToken });
  const placed = ({ text, tokens, dropped }: Piece<ScoredToken>): Part => ({
    text,
    tokens: tokens.map((token) => shift(token, promptLength)),
    ids: [...tokens.map(({ value }) => value), ...dropped].map(({ token }) => token),
  });
  let step = await pieces.next();
  // A token whose text is held back still gets a chunk, an empty one: clients count chunks as tokens.
  for (let count = 1; !step.done; count++) {
    await add(placed(step.value), count);
    step = await pieces.next();
  }
  await add(placed(step.value.last), step.value.tokenCount, step.value.finishReason);
  return step.value;
}

/** Forgets the tokens of the previous choice. A model that cannot forget a part evaluates the prompt again. */
async function rewind({ model, request, prompt, sequence, signal }: PromptRun): Promise<void> {
  if (model.evaluator.forget(sequence, prompt.tokens.length)) return;
  await evaluatePrompt(model, sequence, prompt, { ...request, echo: false }, signal);
}

function placeOwnTokens({ model, prompt }: PromptRun, { ownTokens }: EvaluatedPrompt): Piece<ScoredToken>['tokens'] {
  const text = new TokenText<ScoredToken>([]);
  const pieces = ownTokens.map((token) => text.push(token, model.vocabulary.promptBytesOf(token.token)));
  const tokens = [...pieces, text.finish()].flatMap((piece) => piece.tokens);
  // Some tokenizers prepend a space: the tokens are longer than the prompt, and their offsets one too high.
  const surplus =
    lengthInCodePoints(model.vocabulary.promptTextOf(ownTokens.map(({ token }) => token))) -
    lengthInCodePoints(prompt.text);
  return tokens.map((token) => shift(token, -Math.min(surplus, token.offset)));
}

function shift<T extends { offset: number }>(placed: T, distance: number): T {
  return { ...placed, offset: placed.offset + distance };
}
