/** The known fields of a completion or a chunk; any other is an extra field. */
const ENVELOPE = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'system_fingerprint',
  // OpenAI's own, on every chunk.
  'service_tier',
  'obfuscation',
]);

const CHOICE_FIELDS = new Set(['index', 'text', 'finish_reason', 'logprobs']);

/** Whether a completion or chunk has extra fields: `prompt_filter_results`, `sglext`, … */
export function hasExtraFields(completion: object): boolean {
  return hasFieldBeside(completion, ENVELOPE);
}

/** Whether a choice has extra fields: `prompt_token_ids`, `stop_reason`, … */
export function choiceHasExtraFields(choice: object): boolean {
  return hasFieldBeside(choice, CHOICE_FIELDS);
}

function hasFieldBeside(fields: object, known: ReadonlySet<string>): boolean {
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && !isEmptyList(value) && !known.has(name)) return true;
  }
  return false;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Fields about the prompt, sent once for it: vLLM's `prompt_token_ids` and `prompt_logprobs`, Azure's filters. */
const PROMPT_FIELDS = ['prompt_token_ids', 'prompt_logprobs', 'prompt_filter_results'];

/** Removes the prompt's fields from a chunk or a choice. */
export function dropPromptFields(fields: object): void {
  const found = PROMPT_FIELDS.filter((name) => (fields as Record<string, unknown>)[name] !== undefined);
  for (const name of found) Reflect.deleteProperty(fields, name);
}

/** Whether a chunk or a choice has fields about the prompt. */
export function hasPromptFields(fields: object): boolean {
  return PROMPT_FIELDS.some((name) => ((fields as Record<string, unknown>)[name] ?? undefined) !== undefined);
}
