/**
 * Values of fields outside the contract that ask for what is so without them, as vLLM and SGLang document their defaults.
 * Benchmarks and routers add them to every body. By path below the body.
 */
const NO_OPS: Readonly<Record<string, readonly unknown[]>> = {
  top_k: [-1, 0],
  min_p: [0],
  typical_p: [1],
  repetition_penalty: [1],
  repeat_penalty: [1],
  length_penalty: [1],
  min_tokens: [0],
  ignore_eos: [false],
  skip_special_tokens: [true],
  spaces_between_special_tokens: [true],
  include_stop_str_in_output: [false],
  no_stop_trim: [false],
  add_special_tokens: [true],
  stop_token_ids: [[]],
  bad_words: [[]],
  metadata: [{}],
  detokenize: [true],
  priority: [0],
  return_tokens_as_token_ids: [false],
  return_token_ids: [false],
  return_hidden_states: [false],
  use_beam_search: [false],
  early_stopping: [false],
  store: [false],
  'stream_options.continuous_usage_stats': [false],
};

/** Whether the field has no-op values at all. */
export function mayBeNoOp(path: string): boolean {
  return Object.hasOwn(NO_OPS, path);
}

/** Whether the value is a no-op: never refused, and not sent to engines that may not know the field. */
export function isNoOp(path: string, value: unknown): boolean {
  if (value === null) return true;
  if (!mayBeNoOp(path)) return false;
  const noOps = NO_OPS[path] ?? [];
  if (typeof value !== 'object') return noOps.includes(value);
  const isListed = noOps.some((each) => typeof each === 'object' && Array.isArray(each) === Array.isArray(value));
  return isListed && Object.keys(value).length === 0;
}
