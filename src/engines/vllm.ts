import { type EngineProfile, nativeBut } from './engine-profile.js';
import { fields } from './known-fields.js';

/** vLLM. https://docs.vllm.ai/en/latest/serving/openai_compatible_server/ */
export const vllm: EngineProfile = {
  seen: ['0.11.0.post2', '0.32.0'],
  capabilities: nativeBut({
    // 400.
    prompt_empty: 'refuse',
    top_p_zero: 'emulate',
    suffix: 'emulate',
    // 0 is taken with `echo` only.
    max_tokens_zero: 'emulate',
    n_greedy: 'emulate',
    // Half of such streams break off with an error event (0.32.0).
    n_scored_stream: 'emulate',
    best_of: 'emulate',
    // The model's `generation_config.json` may have others.
    sampling_defaults: 'emulate',
  }),
  knownFields: {
    ...fields(
      ...['top_k', 'min_p', 'repetition_penalty', 'length_penalty', 'ignore_eos', 'min_tokens', 'stop_token_ids'],
      ...['include_stop_str_in_output', 'skip_special_tokens', 'spaces_between_special_tokens', 'bad_words'],
      ...['allowed_token_ids', 'add_special_tokens', 'truncate_prompt_tokens', 'prompt_logprobs'],
      ...['response_format', 'priority', 'cache_salt', 'kv_transfer_params', 'vllm_xargs'],
      ...['return_tokens_as_token_ids', 'stream_options.continuous_usage_stats'],
    ),
    use_beam_search: { joinsChoices: true },
    structured_outputs: { since: '0.11' },
    guided_json: { before: '0.12' },
    guided_regex: { before: '0.12' },
    guided_choice: { before: '0.12' },
    guided_grammar: { before: '0.12' },
    request_id: { instead: 'X-Request-Id' },
    // Cut off again, since it adds to what `logprobs` asks for.
    logprob_token_ids: { instead: 'logprobs' },
    // The prompt's text is missing.
    return_token_ids: { since: '0.11', notWith: 'echo' },
  },
  healthPath: '/health',
  versionPath: '/version',
  // Always as many as the longest stop text has, less one (0.32.0).
  holdsTextBack: true,
  givesTokenIds: true,
  // Under load, with `--stream-interval`, with speculation.
  mergesTokens: true,
  samplingDefaults: { temperature: 1, top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1 },
  limits: [],
};
