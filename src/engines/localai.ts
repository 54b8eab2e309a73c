import { type EngineProfile, nativeBut } from './engine-profile.js';
import { fields } from './known-fields.js';

/** LocalAI. https://localai.io/features/text-generation/ */
export const localai: EngineProfile = {
  capabilities: nativeBut({
    // A list cannot be streamed.
    prompt_list: 'emulate',
    // Dropped: 200, and no choices.
    prompt_tokens: 'refuse',
    prompt_tokens_list: 'refuse',
    suffix: 'emulate',
    max_tokens_absent: 'emulate',
    max_tokens_zero: 'emulate',
    echo_only: 'emulate',
    // One after the other, all with the same index.
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
  knownFields: fields(
    ...[
      'top_k',
      'min_p',
      'repeat_penalty',
      'repeat_last_n',
      'typical_p',
      'tfz',
      'mirostat',
      'mirostat_tau',
      'mirostat_eta',
    ],
    ...['ignore_eos', 'grammar', 'n_keep', 'negative_prompt_scale'],
  ),
  healthPath: '/readyz',
  // Its own are 0.9, 0.95 and 40: `SetDefaults` in https://github.com/mudler/LocalAI/tree/master/core/config
  samplingDefaults: { temperature: 1, top_p: 1, top_k: 0 },
  limits: [
    'The prompt is put into the model’s completion template, where its configuration has one.',
    '`finish_reason` is `stop` also where `max_tokens` ended the text.',
    'Whole answers come without `usage`: LocalAI counts 0 there.',
    'A failure in mid-stream comes as text of the completion.',
  ],
};
