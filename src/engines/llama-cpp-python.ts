import { type EngineProfile, nativeBut } from './engine-profile.js';
import { fields } from './known-fields.js';

/** llama-cpp-python's server. https://llama-cpp-python.readthedocs.io/en/latest/server/ */
export const llamaCppPython: EngineProfile = {
  seen: ['0.3.36'],
  capabilities: nativeBut({
    // 500 with an empty message; streamed, nothing at all.
    prompt_empty: 'refuse',
    prompt_list: 'emulate',
    prompt_tokens: 'refuse',
    prompt_tokens_list: 'refuse',
    max_tokens_zero: 'emulate',
    echo_only: 'emulate',
    n: 'emulate',
    n_greedy: 'emulate',
    n_scored_stream: 'emulate',
    best_of: 'emulate',
    // Its own works without `stream` only.
    echo: 'emulate',
    // Native on a server that was started with `--logits_all true`.
    echo_logprobs: 'refuse',
    logprobs_zero: 'emulate',
    sampling_defaults: 'emulate',
    stream_usage: 'emulate',
  }),
  knownFields: fields(
    ...['top_k', 'min_p', 'min_tokens', 'repeat_penalty', 'mirostat_mode', 'mirostat_tau', 'mirostat_eta', 'grammar'],
  ),
  samplingDefaults: { temperature: 1, top_p: 1, top_k: 0, min_p: 0, repeat_penalty: 1 },
  tokenCountPath: '/extras/tokenize/count',
  // 0.3.36; whole answers are refused with 400.
  refusesStreamsInSilence: true,
  refusesRequestIds: true,
  isOneAtATime: true,
  limits: [
    'It does one request at a time, and the next cuts it off: its slots are 1. On a server that was started with `--interrupt_requests false` set `maxConcurrency`.',
    '`logprobs` and `best_of` need a server that was started with `--logits_all true`; others refuse them.',
  ],
};
