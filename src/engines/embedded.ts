import { type EngineProfile, nativeBut } from './engine-profile.js';
import { fields } from './known-fields.js';

/** The engine that comes along: everything that the contract has, and what most tools send besides, as vLLM has it. */
export const embedded: EngineProfile = {
  capabilities: nativeBut({}),
  knownFields: fields(
    ...['top_k', 'min_p', 'repetition_penalty', 'min_tokens', 'ignore_eos', 'stop_token_ids', 'skip_special_tokens'],
    ...['include_stop_str_in_output', 'add_special_tokens', 'return_token_ids'],
    'stream_options.continuous_usage_stats',
  ),
  healthPath: '/health',
  givesTokenIds: true,
  limits: [],
};
