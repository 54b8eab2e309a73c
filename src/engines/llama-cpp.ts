import { type EngineProfile, nativeBut } from './engine-profile.js';

/** llama.cpp's `llama-server`. https://github.com/ggml-org/llama.cpp/tree/master/tools/server */
export const llamaCpp: EngineProfile = {
  capabilities: nativeBut({
    // It counts the usage of the first of several choices only.
    prompt_list: 'emulate',
    prompt_tokens_list: 'emulate',
    n: 'emulate',
    n_greedy: 'emulate',
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
  extraParameters: 'forward',
  healthPath: '/health',
  samplingDefaults: { temperature: 1, top_p: 1, top_k: 0, min_p: 0 },
  infillPath: '/infill',
  refusalPattern: /unsupported param|only no echo|unsupported|must be|expected/i,
  limits: [
    'An unknown model is answered by the one that is loaded: name its models in `models`.',
    'The penalties look at the last `repeat_last_n` tokens only (64 by default).',
  ],
};
