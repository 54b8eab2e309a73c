import { type EngineProfile, nativeBut } from './engine-profile.js';

/** Ollama. https://github.com/ollama/ollama/blob/main/docs/openai.md */
export const ollama: EngineProfile = {
  // Built from the source of that day.
  seen: ['2026-08-21'],
  capabilities: nativeBut({
    // Taken for a request to load the model.
    prompt_empty: 'refuse',
    top_p_zero: 'emulate',
    prompt_list: 'emulate',
    prompt_tokens: 'refuse',
    prompt_tokens_list: 'refuse',
    // Unlimited, where nothing or 0 is said.
    max_tokens_absent: 'emulate',
    max_tokens_zero: 'emulate',
    echo_only: 'emulate',
    n: 'emulate',
    n_greedy: 'emulate',
    n_scored_stream: 'emulate',
    // It takes `logprobs`, and gives none.
    best_of: 'refuse',
    echo: 'emulate',
    echo_logprobs: 'refuse',
    logprobs: 'refuse',
    logprobs_zero: 'refuse',
    logit_bias: 'refuse',
    sampling_defaults: 'emulate',
  }),
  knownFields: {},
  impliedTag: 'latest',
  healthPath: '/',
  versionPath: '/api/version',
  samplingDefaults: { temperature: 1, top_p: 1 },
  limits: [
    'The prompt is put into the model’s chat template: use a model whose template is `{{ .Prompt }}`, as base models have.',
    'Its `top_k` of 40 stays in force, since its API has no field for it: set it in the Modelfile.',
    '`suffix` works with models whose template has a place for it; the others get 400 from Ollama itself.',
  ],
};
