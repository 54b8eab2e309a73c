/** What each completion and each chunk has, or may have, without telling anything besides its choices and its usage. */
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

const OF_A_CHOICE = new Set(['index', 'text', 'finish_reason', 'logprobs']);

/** Whether a completion or chunk has extra fields: `prompt_filter_results`, `sglext`, … */
export function tellsMore(completion: object): boolean {
  return hasFieldBeside(completion, ENVELOPE);
}

/** Whether a choice has something besides the contract's fields: `prompt_token_ids`, `stop_reason`, … */
export function choiceTellsMore(choice: object): boolean {
  return hasFieldBeside(choice, OF_A_CHOICE);
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
const OF_A_PROMPT = ['prompt_token_ids', 'prompt_logprobs', 'prompt_filter_results'];

/** Removes the prompt's fields from a chunk or a choice. @returns whether there were any. */
export function dropPromptFields(fields: object): boolean {
  const found = OF_A_PROMPT.filter((name) => (fields as Record<string, unknown>)[name] !== undefined);
  for (const name of found) Reflect.deleteProperty(fields, name);
  return found.length > 0;
}

/** Whether a chunk or a choice has fields about the prompt. */
export function tellsOfPrompt(fields: object): boolean {
  return OF_A_PROMPT.some((name) => ((fields as Record<string, unknown>)[name] ?? undefined) !== undefined);
}
