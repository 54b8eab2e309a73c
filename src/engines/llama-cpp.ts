import { type EngineProfile, nativeBut } from './engine-profile.js';
import { fields } from './known-fields.js';

/** llama.cpp's `llama-server`. https://github.com/ggml-org/llama.cpp/tree/master/tools/server */
export const llamaCpp: EngineProfile = {
  seen: ['b10434', 'b11549'],
  capabilities: nativeBut({
    // 200 with no text and no usage.
    prompt_empty: 'refuse',
    // It counts the usage of the first of several choices only.
    prompt_list: 'emulate',
    prompt_tokens_list: 'emulate',
    n: 'emulate',
    n_greedy: 'emulate',
    n_scored_stream: 'emulate',
    suffix: 'emulate',
    max_tokens_absent: 'emulate',
    max_tokens_zero: 'emulate',
    echo_only: 'emulate',
    best_of: 'emulate',
    echo: 'emulate',
    echo_logprobs: 'refuse',
    logprobs: 'emulate',
    logprobs_zero: 'emulate',
    sampling_defaults: 'emulate',
  }),
  knownFields: {
    ...fields(
      ...['top_k', 'min_p', 'typical_p', 'top_n_sigma', 'xtc_probability', 'xtc_threshold', 'min_keep', 'samplers'],
      ...['repeat_penalty', 'repeat_last_n', 'dry_multiplier', 'dry_base', 'dry_allowed_length', 'dry_penalty_last_n'],
      ...['dry_sequence_breakers', 'dynatemp_range', 'dynatemp_exponent', 'mirostat', 'mirostat_tau', 'mirostat_eta'],
      ...['ignore_eos', 'grammar', 'json_schema', 'cache_prompt', 'id_slot', 'n_keep', 't_max_predict_ms', 'lora'],
    ),
    n_predict: { instead: 'max_tokens' },
    n_probs: { instead: 'logprobs' },
    n_cmpl: { instead: 'n' },
    // They remove or add fields of the contract's answer.
    post_sampling_probs: { instead: 'logprobs' },
    verbose: { instead: 'stream_options' },
  },
  healthPath: '/health',
  versionPath: '/props',
  samplingDefaults: { temperature: 1, top_p: 1, top_k: 0, min_p: 0 },
  infillPath: '/infill',
  tokenizePath: '/tokenize',
  tokenIdsPath: '/completion',
  // A whole answer is generated to its end, whoever hangs up, and with `stop` lacks its last log probabilities (b10434, b11549).
  isBestStreamed: true,
  limits: [
    '`/infill` cuts what is beyond its batch (`-b`): such a prompt is refused, unless `fimTemplates` has a template for the model.',
    'An unknown model is answered by the one that is loaded: name its models in `models`.',
    'The penalties look at the last `repeat_last_n` tokens only (64 by default).',
  ],
};
