import { type EngineProfile, nativeBut } from './engine-profile.js';

/** DeepFellow Infra, in front of an engine that it does not name: everything that can be emulated is. */
export const deepfellow: EngineProfile = {
  capabilities: nativeBut({
    prompt_empty: 'refuse',
    top_p_zero: 'emulate',
    prompt_list: 'emulate',
    prompt_tokens_list: 'emulate',
    suffix: 'emulate',
    max_tokens_absent: 'emulate',
    max_tokens_zero: 'emulate',
    echo_only: 'emulate',
    n: 'emulate',
    n_greedy: 'emulate',
    n_scored_stream: 'emulate',
    best_of: 'emulate',
    echo: 'emulate',
    echo_logprobs: 'refuse',
    logprobs: 'emulate',
    logprobs_zero: 'emulate',
    sampling_defaults: 'emulate',
  }),
  knownFields: {},
  samplingDefaults: { temperature: 1, top_p: 1 },
  limits: ['What the engine behind it ignores is ignored: `npm run doctor` tells, and `capabilities` takes it.'],
};
