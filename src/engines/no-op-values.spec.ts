import { describe, expect, it } from '@jest/globals';
import { isNoOp } from './no-op-values.js';

describe('a value says nothing', () => {
  it.each<[string, unknown]>([
    ['top_k', -1],
    ['top_k', 0],
    ['min_p', 0],
    ['repetition_penalty', 1],
    ['min_tokens', 0],
    ['ignore_eos', false],
    ['skip_special_tokens', true],
    ['include_stop_str_in_output', false],
    ['add_special_tokens', true],
    ['stop_token_ids', []],
    ['return_token_ids', false],
    ['no_stop_trim', false],
    ['return_hidden_states', false],
    ['metadata', null],
    ['metadata', {}],
    ['guided_json', null],
    ['stream_options.continuous_usage_stats', false],
  ])('%s: %j', (path, value) => {
    expect(isNoOp(path, value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['top_k', 1],
    ['top_k', []],
    ['stop_token_ids', [0]],
    ['stop_token_ids', {}],
    ['metadata', []],
    ['metadata', { a: 1 }],
    ['ignore_eos', 0],
    ['skip_special_tokens', false],
    ['guided_json', false],
    ['constructor', 0],
  ])('but not %s: %j', (path, value) => {
    expect(isNoOp(path, value)).toBe(false);
  });
});
