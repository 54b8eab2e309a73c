import { CONTRACT_SAMPLING, type Sampling } from './tiny-model.js';
import { arrange, textOf, tokenize } from './tiny-vocabulary.js';

export type Body = Record<string, unknown>;

export interface Prompt {
  text: string;
  tokens: readonly number[];
  /** What the model reads: the tokens, or their arrangement with a suffix. */
  context: readonly number[];
}

/** A request as an engine understands it. */
export interface Asked {
  model: string;
  prompts: readonly Prompt[];
  n: number;
  bestOf: number;
  maxTokens: number;
  echo: boolean;
  /** Whether an echoed prompt has log probabilities, too. */
  scoresPrompt: boolean;
  topLogprobs: number | undefined;
  stops: readonly string[];
  /** `cut`: wherever it comes. `kept`: only where a token ends with it, and it stays in the text. */
  stopMode: 'cut' | 'kept';
  sampling: Sampling;
  seed: number;
  stream: boolean;
  includeUsage: boolean;
  continuousUsage: boolean;
}

/** Where a real engine has no limit, a fake one stops here. */
export const UNLIMITED = 64;

/** Reads a body as the contract has it; `null` is not given. */
export function readAsked(body: Body): Asked {
  const given = withoutNulls(body);
  const n = numberOf(given.n) ?? 1;
  const options = withoutNulls((given.stream_options ?? {}) as Body);
  return {
    model: String(given.model),
    prompts: promptsOf(given.prompt).map((prompt) =>
      readPrompt(prompt, typeof given.suffix === 'string' ? given.suffix : ''),
    ),
    n,
    bestOf: Math.max(n, numberOf(given.best_of) ?? 0),
    maxTokens: numberOf(given.max_tokens) ?? 16,
    echo: given.echo === true,
    scoresPrompt: true,
    topLogprobs: numberOf(given.logprobs),
    stops: [(given.stop ?? []) as string | string[]].flat(),
    stopMode: 'cut',
    sampling: readSampling(given),
    seed: numberOf(given.seed) ?? anotherSeed(),
    stream: given.stream === true,
    includeUsage: options.include_usage === true,
    continuousUsage: options.continuous_usage_stats === true,
  };
}

/** With the fields that many engines take besides those of the contract. */
function readSampling(given: Body): Sampling {
  const biases = Object.entries((given.logit_bias ?? {}) as Record<string, number>);
  return {
    temperature: numberOf(given.temperature) ?? CONTRACT_SAMPLING.temperature,
    topP: numberOf(given.top_p) ?? CONTRACT_SAMPLING.topP,
    topK: numberOf(given.top_k) ?? CONTRACT_SAMPLING.topK,
    minP: numberOf(given.min_p) ?? CONTRACT_SAMPLING.minP,
    frequencyPenalty: numberOf(given.frequency_penalty) ?? 0,
    presencePenalty: numberOf(given.presence_penalty) ?? 0,
    logitBias: new Map(biases.map(([token, bias]) => [Number(token), bias])),
    ignoresEnd: given.ignore_eos === true,
  };
}

export function readPrompt(prompt: string | readonly number[], suffix = ''): Prompt {
  const tokens = typeof prompt === 'string' ? tokenize(prompt) : prompt;
  const text = typeof prompt === 'string' ? prompt : textOf(prompt);
  return { text, tokens, context: arrange(tokens, suffix) };
}

/** The prompts of a request, each a text or a list of token ids. */
export function promptsOf(prompt: unknown): (string | number[])[] {
  if (!Array.isArray(prompt)) return [String(prompt)];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as (string | number[])[]);
}

export function isOfTokens(prompt: unknown): boolean {
  return promptsOf(prompt).some((each) => typeof each !== 'string');
}

export function withoutNulls(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

let lastSeed = 1_000_000;

/** Without a seed, answers differ within a run of the tests, and not between runs. */
export function anotherSeed(): number {
  return (lastSeed += 1_000);
}
