import type { FeatureName } from '../../../src/engines/feature-names.js';
import { type Asked, type Body, anotherSeed, isOfTokens, promptsOf, UNLIMITED, withoutNulls } from './asked.js';

/** What an engine does with a feature that it lacks: ignore it silently, or refuse it with a status. */
type Lack = 'ignored' | number;

interface Plant {
  /** Whether a body, its nulls taken off, asks for it. */
  isAsked: (given: Body) => boolean;
  /** How an engine without it understands the request. */
  ignore: (asked: Asked) => Partial<Asked>;
}

const hasOnePrompt = ({ prompt }: Body): boolean => promptsOf(prompt).length === 1;
const isZero = ({ max_tokens: maxTokens }: Body): boolean => maxTokens === 0;
const hasMoreThan = (given: Body, name: string, count: number): boolean => Number(given[name] ?? 0) > count;
const sampled =
  (change: Partial<Asked['sampling']>) =>
  ({ sampling }: Asked): Partial<Asked> => ({ sampling: { ...sampling, ...change } });
const withoutLogprobs = (): Partial<Asked> => ({ topLogprobs: undefined });
const onlyFirst = ({ prompts }: Asked): Partial<Asked> => ({ prompts: prompts.slice(0, 1) });
const onlyOne = (): Partial<Asked> => ({ n: 1, bestOf: 1 });
const withoutStops = (): Partial<Asked> => ({ stops: [] });

/** For each feature, how an engine without it behaves. */
export const PLANTS: Record<FeatureName, Plant> = {
  prompt_list: { isAsked: (given) => !hasOnePrompt(given) && !isOfTokens(given.prompt), ignore: onlyFirst },
  // The model is loaded, and nothing is generated.
  prompt_empty: { isAsked: ({ prompt }) => promptsOf(prompt).includes(''), ignore: () => ({ maxTokens: 0 }) },
  prompt_tokens: {
    isAsked: (given) => hasOnePrompt(given) && isOfTokens(given.prompt),
    ignore: () => ({ prompts: [] }),
  },
  prompt_tokens_list: { isAsked: (given) => !hasOnePrompt(given) && isOfTokens(given.prompt), ignore: onlyFirst },
  suffix: {
    isAsked: ({ suffix }) => suffix !== undefined && suffix !== '',
    ignore: ({ prompts }) => ({ prompts: prompts.map((prompt) => ({ ...prompt, context: prompt.tokens })) }),
  },
  max_tokens_absent: {
    isAsked: ({ max_tokens: maxTokens }) => maxTokens === undefined,
    ignore: () => ({ maxTokens: UNLIMITED }),
  },
  max_tokens_zero: {
    isAsked: (given) => isZero(given) && given.echo !== true,
    ignore: () => ({ maxTokens: UNLIMITED }),
  },
  echo_only: { isAsked: (given) => isZero(given) && given.echo === true, ignore: () => ({ maxTokens: 1 }) },
  n: { isAsked: (given) => hasMoreThan(given, 'n', 1), ignore: onlyOne },
  n_scored_stream: {
    isAsked: (given) =>
      hasMoreThan(given, 'n', 1) && given.stream === true && given.echo === true && given.logprobs !== undefined,
    ignore: onlyOne,
  },
  n_greedy: { isAsked: (given) => hasMoreThan(given, 'n', 1) && given.temperature === 0, ignore: onlyOne },
  // Where all choices are returned there is nothing to rank.
  best_of: {
    isAsked: (given) => hasMoreThan(given, 'best_of', Number(given.n ?? 1)),
    ignore: ({ n }) => ({ bestOf: n }),
  },
  echo: { isAsked: ({ echo }) => echo === true, ignore: () => ({ echo: false }) },
  echo_logprobs: {
    isAsked: ({ echo, logprobs }) => echo === true && logprobs !== undefined,
    ignore: () => ({ scoresPrompt: false }),
  },
  logprobs: { isAsked: ({ logprobs }) => logprobs !== undefined, ignore: withoutLogprobs },
  logprobs_zero: { isAsked: ({ logprobs }) => logprobs === 0, ignore: withoutLogprobs },
  stop: { isAsked: ({ stop }) => stop !== undefined, ignore: withoutStops },
  stop_text: { isAsked: ({ stop }) => typeof stop === 'string', ignore: withoutStops },
  sampling_defaults: {
    isAsked: ({ temperature, top_p: topP }) => temperature === undefined && topP === undefined,
    ignore: sampled({ temperature: 0.5, topK: 5 }),
  },
  top_p_one: { isAsked: ({ top_p: topP }) => topP === 1, ignore: sampled({ topP: 0.5 }) },
  top_p_zero: { isAsked: ({ top_p: topP }) => topP === 0, ignore: sampled({ topP: 1 }) },
  seed: { isAsked: ({ seed }) => seed !== undefined, ignore: () => ({ seed: anotherSeed() }) },
  logit_bias: {
    isAsked: ({ logit_bias: bias }) => Object.keys(bias ?? {}).length > 0,
    ignore: sampled({ logitBias: new Map() }),
  },
  frequency_penalty: {
    isAsked: ({ frequency_penalty: penalty }) => penalty !== undefined && penalty !== 0,
    ignore: sampled({ frequencyPenalty: 0 }),
  },
  presence_penalty: {
    isAsked: ({ presence_penalty: penalty }) => penalty !== undefined && penalty !== 0,
    ignore: sampled({ presencePenalty: 0 }),
  },
  stream_usage: {
    isAsked: ({ stream_options: options }) => (options as Body | undefined)?.include_usage === true,
    ignore: () => ({ includeUsage: false, continuousUsage: false }),
  },
};

export type Lacks = readonly FeatureName[] | Partial<Record<FeatureName, Lack>>;

/** The planted lacks of which a body asks for the feature. */
export function lacksOf(planted: Lacks, body: Body): [FeatureName, Lack][] {
  const lacks = Array.isArray(planted)
    ? (planted as readonly FeatureName[]).map((name): [FeatureName, Lack] => [name, 'ignored'])
    : (Object.entries(planted) as [FeatureName, Lack][]);
  const given = withoutNulls(body);
  return lacks.filter(([name]) => PLANTS[name].isAsked(given));
}
