import { FEATURE_NAMES, type FeatureName } from '../../engines/feature-names.js';
import { bestOf } from './best-of.js';
import { n, nGreedy, nScoredStream } from './choices.js';
import { echo, echoLogprobs } from './echo.js';
import type { Feature } from './feature.js';
import { logprobs, logprobsZero } from './logprobs.js';
import { echoOnly, maxTokensAbsent, maxTokensZero } from './max-tokens.js';
import { promptEmpty, promptList, promptTokens, promptTokensList } from './prompts.js';
import { samplingDefaults, seed, topPOne, topPZero } from './sampling.js';
import { frequencyPenalty, logitBias, presencePenalty } from './steering.js';
import { stop, stopText } from './stop.js';
import { streamUsage } from './stream-usage.js';
import { suffix } from './suffix.js';

const BY_NAME: Readonly<Record<FeatureName, Feature>> = {
  prompt_list: promptList,
  prompt_empty: promptEmpty,
  prompt_tokens: promptTokens,
  prompt_tokens_list: promptTokensList,
  suffix,
  max_tokens_absent: maxTokensAbsent,
  max_tokens_zero: maxTokensZero,
  echo_only: echoOnly,
  n,
  n_greedy: nGreedy,
  n_scored_stream: nScoredStream,
  best_of: bestOf,
  echo,
  echo_logprobs: echoLogprobs,
  logprobs,
  logprobs_zero: logprobsZero,
  stop,
  stop_text: stopText,
  sampling_defaults: samplingDefaults,
  top_p_one: topPOne,
  top_p_zero: topPZero,
  seed,
  logit_bias: logitBias,
  frequency_penalty: frequencyPenalty,
  presence_penalty: presencePenalty,
  stream_usage: streamUsage,
};

export const FEATURES: readonly Feature[] = FEATURE_NAMES.map((name) => BY_NAME[name]);

export function featureOf(name: FeatureName): Feature {
  return BY_NAME[name];
}
