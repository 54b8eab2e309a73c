import { type EngineProfile, nativeBut } from './engine-profile.js';

/** Hugging Face's Text Generation Inference. https://huggingface.co/docs/text-generation-inference/ */
export const tgi: EngineProfile = {
  capabilities: nativeBut({
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
    best_of: 'refuse',
    echo: 'emulate',
    echo_logprobs: 'refuse',
    logprobs: 'refuse',
    logprobs_zero: 'refuse',
    stop_text: 'emulate',
    top_p_one: 'emulate',
    logit_bias: 'refuse',
    presence_penalty: 'refuse',
  }),
  extraParameters: 'refuse',
  healthPath: '/health',
  limits: [],
};
