import { type EngineProfile, nativeBut } from './engine-profile.js';

/** vLLM. https://docs.vllm.ai/en/latest/serving/openai_compatible_server/ */
export const vllm: EngineProfile = {
  capabilities: nativeBut({
    suffix: 'emulate',
    // 0 is taken with `echo` only.
    max_tokens_zero: 'emulate',
    n_greedy: 'emulate',
    best_of: 'emulate',
    // The model's `generation_config.json` may have others.
    sampling_defaults: 'emulate',
  }),
  extraParameters: 'forward',
  healthPath: '/health',
  versionPath: '/version',
  samplingDefaults: { temperature: 1, top_p: 1 },
  limits: [
    'A `top_k`, `min_p` or `repetition_penalty` of the model’s own `generation_config.json` stays in force; start vLLM with `--generation-config vllm` to be rid of it.',
  ],
};
