import { type EngineProfile, nativeBut } from './engine-profile.js';

/** `transformers serve`. https://huggingface.co/docs/transformers/serving */
export const transformers: EngineProfile = {
  seen: ['5.19.0'],
  capabilities: nativeBut({
    // 500.
    prompt_empty: 'refuse',
    top_p_zero: 'emulate',
    prompt_list: 'emulate',
    prompt_tokens: 'refuse',
    prompt_tokens_list: 'refuse',
    // Its own puts the text behind the completion.
    suffix: 'emulate',
    // 1,024 of its own.
    max_tokens_absent: 'emulate',
    max_tokens_zero: 'emulate',
    echo_only: 'emulate',
    n: 'emulate',
    n_greedy: 'emulate',
    n_scored_stream: 'emulate',
    best_of: 'refuse',
    echo: 'emulate',
    echo_logprobs: 'refuse',
    logprobs: 'refuse',
    logprobs_zero: 'refuse',
    // It leaves the text in.
    stop: 'emulate',
    stop_text: 'emulate',
    sampling_defaults: 'emulate',
    logit_bias: 'refuse',
    // It takes them for a repetition penalty.
    frequency_penalty: 'refuse',
    presence_penalty: 'refuse',
  }),
  knownFields: {},
  healthPath: '/health',
  samplingDefaults: { temperature: 1, top_p: 1 },
  stopLimit: 4,
  limits: ['`temperature` and `top_p` count only where the model’s `generation_config.json` has `do_sample: true`.'],
};
