import { type EngineProfile, nativeBut } from './engine-profile.js';
import { fields } from './known-fields.js';

/** Ollama, at its own `/api/generate`. https://github.com/ollama/ollama/blob/main/docs/api.md */
export const ollama: EngineProfile = {
  // Built from the source of that day.
  seen: ['2026-08-21'],
  endpoint: 'ollama',
  capabilities: nativeBut({
    // Taken for a request to load the model.
    prompt_empty: 'refuse',
    prompt_list: 'emulate',
    prompt_tokens: 'refuse',
    prompt_tokens_list: 'refuse',
    // Unlimited when absent or 0.
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
    logit_bias: 'refuse',
    sampling_defaults: 'emulate',
  }),
  knownFields: {
    ...fields('top_k', 'min_p', 'typical_p', 'repeat_penalty', 'repeat_last_n'),
    ...fields('format', 'response_format', 'json_schema'),
    num_predict: { instead: 'max_tokens' },
    top_logprobs: { instead: 'logprobs' },
  },
  chat: { knownFields: {}, samplingDefaults: { temperature: 1, top_p: 1 } },
  oneToken: {
    path: '/api/generate',
    // As clients' requests are sent: with another `shift` Ollama loads the model anew.
    body: { prompt: 'Hi', raw: true, stream: false, truncate: false, shift: false, options: { num_predict: 1 } },
  },
  impliedTag: 'latest',
  healthPath: '/',
  versionPath: '/api/version',
  // The Modelfile may have others.
  samplingDefaults: {
    ...{ temperature: 1, top_p: 1, top_k: 0, min_p: 0, typical_p: 1 },
    ...{ repeat_penalty: 1, presence_penalty: 0, frequency_penalty: 0 },
  },
  limits: [
    'It is asked at `/api/generate`, from the root of the server: one that shows `/v1` only is `engine: openai` with what `npm run doctor` proposes.',
    '`suffix` works with models whose template has a place for it; with others it is refused with 400, unless `capabilities` says `suffix: emulate` and `fimTemplates` has a template.',
    'A text that repeats one token more than 30 times is cut by Ollama: a whole answer ends with `length` and without usage, and a stream is resumed.',
    'The penalties look at the last `repeat_last_n` tokens only (64 by default).',
  ],
};
