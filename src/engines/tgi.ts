import { type EngineProfile, nativeBut } from './engine-profile.js';

/** Hugging Face's Text Generation Inference. https://huggingface.co/docs/text-generation-inference/ */
export const tgi: EngineProfile = {
  capabilities: nativeBut({
    top_p_zero: 'emulate',
    // Four at most, and in the order in which they end.
    prompt_list: 'emulate',
    prompt_tokens: 'refuse',
    prompt_tokens_list: 'refuse',
    suffix: 'emulate',
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
    // It stops only where a token ends with the text, and leaves the text in: https://github.com/huggingface/text-generation-inference/issues/1724
    stop: 'emulate',
    stop_text: 'emulate',
    top_p_one: 'emulate',
    logit_bias: 'refuse',
    presence_penalty: 'refuse',
  }),
  knownFields: {},
  healthPath: '/health',
  stopLimit: 4,
  limits: [],
};
