import { type EngineProfile, nativeBut } from './engine-profile.js';
import { fields } from './known-fields.js';

/** SGLang. https://docs.sglang.ai/basic_usage/openai_api_completions.html */
export const sglang: EngineProfile = {
  capabilities: nativeBut({
    top_p_zero: 'emulate',
    // Its own needs `--completion-template`, and without one the suffix is dropped.
    suffix: 'emulate',
    max_tokens_zero: 'emulate',
    echo_only: 'emulate',
    best_of: 'emulate',
    logprobs_zero: 'emulate',
    sampling_defaults: 'emulate',
  }),
  mergesTokens: true,
  knownFields: {
    ...fields(
      ...['top_k', 'min_p', 'repetition_penalty', 'ignore_eos', 'min_tokens', 'stop_token_ids', 'no_stop_trim'],
      ...['skip_special_tokens', 'spaces_between_special_tokens', 'regex', 'ebnf', 'json_schema', 'response_format'],
      ...['lora_path', 'session_params', 'priority', 'stream_options.continuous_usage_stats'],
    ),
    rid: { instead: 'X-Request-Id' },
  },
  // Not `/health_generate`, which decodes a token each time.
  healthPath: '/health',
  samplingDefaults: { temperature: 1, top_p: 1 },
  limits: [
    'A `top_k`, `min_p` or `repetition_penalty` of the model’s own `generation_config.json` stays in force; start SGLang with `--sampling-defaults openai` to be rid of it.',
  ],
};
