import { type Piece, TokenText } from '../../../engine/token-text.js';
import type { Asked, Prompt } from './asked.js';
import { generate, type Scored, scoreAll } from './tiny-model.js';
import { bytesOf, FIM_PREFIX } from './tiny-vocabulary.js';

/** A token with its offset in prompt and completion; the first of a prompt has no score. */
export interface Entry {
  token: number;
  scored: Scored | undefined;
  /** Characters (code points) from the prompt's begin. */
  offset: number;
}

export interface Part {
  text: string;
  entries: readonly Entry[];
}

/** One choice, done. */
export interface Ran {
  index: number;
  promptIndex: number;
  prompt: Prompt;
  /** The echoed prompt, when it is asked for. */
  echo: Part | undefined;
  /** The completion, token by token. */
  parts: readonly Part[];
  /** Including those of a stop text. */
  tokenCount: number;
  ended: 'end' | 'limit' | 'stop';
}

export interface Outcome {
  choices: Ran[];
  promptTokens: number;
  /** Of all generated choices, also those that `best_of` discards. */
  completionTokens: number;
}

export function textIn(ran: Ran): string {
  return (ran.echo?.text ?? '') + ran.parts.map(({ text }) => text).join('');
}

export function entriesIn(ran: Ran): Entry[] {
  return [ran.echo ?? [], ...ran.parts].flat().flatMap(({ entries }) => entries);
}

/** The model's answer to a request: the choices of a prompt have consecutive seeds. */
export function run(asked: Asked): Outcome {
  const outcome: Outcome = { choices: [], promptTokens: 0, completionTokens: 0 };
  for (const [promptIndex, prompt] of asked.prompts.entries()) {
    const all = Array.from({ length: asked.bestOf }, (_, choice) => complete(asked, prompt, asked.seed + choice));
    const best = asked.bestOf > asked.n ? all.toSorted((a, b) => meanOf(b) - meanOf(a)).slice(0, asked.n) : all;
    outcome.choices.push(
      ...best.map((choice, rank) => ({ ...choice, index: promptIndex * asked.n + rank, promptIndex })),
    );
    outcome.promptTokens += prompt.context.length;
    outcome.completionTokens += all.reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  }
  return outcome;
}

function meanOf({ parts }: Ran): number {
  const scores = parts.flatMap(({ entries }) => entries).map(({ scored }) => scored?.logprob ?? NaN);
  return scores.length === 0 ? -Infinity : scores.reduce((sum, each) => sum + each, 0) / scores.length;
}

function complete(asked: Asked, prompt: Prompt, seed: number): Ran {
  const begin = [...prompt.text].length;
  const text = new TokenText<Scored>(asked.stopMode === 'cut' ? asked.stops : []);
  const ran: Ran = {
    index: 0,
    promptIndex: 0,
    prompt,
    echo: echoOf(asked, prompt),
    parts: [],
    tokenCount: 0,
    ended: 'limit',
  };
  const parts: Part[] = [];
  const add = (piece: Piece<Scored>): void => void parts.push(toPart(piece, begin));
  const isKeptStop = (): boolean =>
    asked.stopMode === 'kept' &&
    asked.stops.some((stop) =>
      parts
        .map((part) => part.text)
        .join('')
        .endsWith(stop),
    );

  const tokens = generate(prompt.context, asked.sampling, seed);
  while (ran.tokenCount < asked.maxTokens && ran.ended === 'limit') {
    const { value, done } = tokens.next();
    if (done) {
      ran.ended = 'end';
      break;
    }
    ran.tokenCount++;
    const piece = text.push(value, bytesOf(value.token));
    add(piece);
    if (piece.stopped || isKeptStop()) ran.ended = 'stop';
  }
  const rest = text.finish();
  if (ran.ended !== 'stop' && (rest.text !== '' || rest.tokens.length > 0)) add(rest);
  return { ...ran, parts };
}

function toPart({ text, tokens }: Piece<Scored>, begin: number): Part {
  return {
    text,
    entries: tokens.map(({ value, offset }) => ({ token: value.token, scored: value, offset: begin + offset })),
  };
}

function echoOf({ echo, scoresPrompt }: Asked, prompt: Prompt): Part | undefined {
  if (!echo) return undefined;
  const before = prompt.context.length > prompt.tokens.length ? [FIM_PREFIX] : [];
  const text = new TokenText<number>([]);
  const pieces = prompt.tokens.map((token, index) => text.push(index, bytesOf(token)));
  const scores = scoreAll(prompt.tokens, before);
  const entries = [...pieces, text.finish()]
    .flatMap(({ tokens }) => tokens)
    .map(({ value, offset }) => ({
      token: prompt.tokens[value] ?? NaN,
      scored: value === 0 ? undefined : scores[value],
      offset,
    }));
  return { text: prompt.text, entries: scoresPrompt ? entries : [] };
}
