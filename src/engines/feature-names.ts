/**
 * How an upstream supports a feature: `native`, the engine does what the contract says; `emulate`, the gateway does it for
 * the engine; `refuse`, neither can, and the client gets 400 `unsupported_parameter`.
 */
export const SUPPORTS = ['native', 'emulate', 'refuse'] as const;
export type Support = (typeof SUPPORTS)[number];

/** Everything in which engines differ on `POST /v1/completions`. What is known of each stands in `completions/features/`. */
export const FEATURE_NAMES = [
  'prompt_list',
  'prompt_empty',
  'prompt_tokens',
  'prompt_tokens_list',
  'suffix',
  'max_tokens_absent',
  'max_tokens_zero',
  'echo_only',
  'n',
  'n_greedy',
  'n_scored_stream',
  'best_of',
  'echo',
  'echo_logprobs',
  'logprobs',
  'logprobs_zero',
  'stop',
  'stop_text',
  'sampling_defaults',
  'top_p_one',
  'top_p_zero',
  'seed',
  'logit_bias',
  'frequency_penalty',
  'presence_penalty',
  'stream_usage',
] as const;

export type FeatureName = (typeof FEATURE_NAMES)[number];

/** No gateway can do these for an engine. */
export const NEVER_EMULATED: readonly FeatureName[] = [
  'prompt_empty',
  'prompt_tokens',
  'echo_logprobs',
  'seed',
  'logit_bias',
  'frequency_penalty',
  'presence_penalty',
];

export type Capabilities = Readonly<Record<FeatureName, Support>>;
