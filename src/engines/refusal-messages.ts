/** The meaning of an engine's message, independent of its status and code. */
export type Meaning = 'context_length_exceeded' | 'model_not_found' | 'invalid_request' | 'unsupported_parameter';

interface KnownMessage {
  pattern: RegExp;
  means: Meaning;
  /** The parameter of the contract that it is about. */
  param?: string;
  /** It has OpenAI's wording already. */
  isOpenAis?: boolean;
}

/**
 * The words in which engines refuse what is the client's fault, each whole or from its beginning, as they were recorded
 * (`test/recordings/`) or, where none was, as they stand in the engine's source. Groups, in tokens: `limit`, the
 * context; `prompt`, the prompt's length; `completion`, what `max_tokens` asks for.
 */
const KNOWN_MESSAGES: readonly KnownMessage[] = [
  // vLLM 0.11.0: the limit in it is the context less `max_tokens`, possibly negative
  {
    pattern:
      /^This model's maximum context length is -?\d+ tokens\. However, your request has (?<prompt>\d+) input tokens\./,
    means: 'context_length_exceeded',
  },
  // OpenAI and vLLM 0.32.0
  {
    pattern: /^This model's maximum context length is \d+ tokens[.,] /,
    means: 'context_length_exceeded',
    isOpenAis: true,
  },
  // vLLM 0.32.0. The gateway sends 0 with `echo` only: what is left beside the prompt is 0.
  { pattern: /^max_tokens must be at least 1, got 0\b/, means: 'context_length_exceeded' },
  {
    pattern: /^max_tokens=(?<completion>\d+) cannot be greater than max_model_len=(?<limit>\d+)\b/,
    means: 'context_length_exceeded',
  },
  // llama-cpp-python 0.3.36, each as a 500
  { pattern: /^\d+ validation errors?:\n/, means: 'invalid_request' },
  { pattern: /^invalid literal for int\(\) with base 10: /, means: 'invalid_request' },
  { pattern: /^logprobs is not supported for models created with logits_all=False/, means: 'invalid_request' },
  // llama.cpp b10434, b11549
  {
    pattern: /^request \((?<prompt>\d+) tokens\) exceeds the available context size \((?<limit>\d+) tokens\)/,
    means: 'context_length_exceeded',
  },
  { pattern: /^\[json\.exception\.parse_error\.\d+\] /, means: 'invalid_request' },
  { pattern: /^Unsupported param: /, means: 'invalid_request' },
  { pattern: /^Only no echo is supported/, means: 'invalid_request' },
  { pattern: /^Field '\w+': /, means: 'invalid_request' },
  // Ollama of 2026-08-21; the first two as a 500
  { pattern: /^option "\w+" must be of /, means: 'invalid_request' },
  { pattern: /^invalid format: /, means: 'invalid_request' },
  { pattern: /^json: cannot unmarshal /, means: 'invalid_request' },
  { pattern: /^\S+ does not support insert$/, means: 'unsupported_parameter', param: 'suffix' },
  // transformers 5.19.0, as a 400
  { pattern: /^Server is pinned to '/, means: 'model_not_found' },
  // SGLang and TGI, read from their sources in November 2026
  {
    pattern: /^The input \((?<prompt>\d+) tokens\) is longer than the model's context length \((?<limit>\d+) tokens\)/,
    means: 'context_length_exceeded',
  },
  {
    pattern: /^Requested token count exceeds the model's maximum context length of (?<limit>\d+) tokens/,
    means: 'context_length_exceeded',
  },
  {
    pattern: /^Input validation error: `inputs` (?:tokens \+ `max_new_tokens` )?must /,
    means: 'context_length_exceeded',
  },
];

/** The meaning of an error message, and the message for clients; undefined when unknown. */
export function meaningOf(message: string): { means: Meaning; message: string; param?: string } | undefined {
  for (const { pattern, means, param, isOpenAis = false } of KNOWN_MESSAGES) {
    const found = pattern.exec(message);
    if (!found) continue;
    const isReworded = means === 'context_length_exceeded' && !isOpenAis;
    if (param !== undefined) return { means, param, message: `The model does not support \`${param}\`.` };
    return { means, message: isReworded ? contextMessage(found.groups) : withoutTrace(message) };
  }
  return undefined;
}

/** In OpenAI's words. */
export function contextMessage({ limit, prompt, completion }: Partial<Record<string, string>> = {}): string {
  const requested =
    completion === undefined ? 'your prompt is longer' : `you requested ${completion} for the completion`;
  const length = prompt === undefined ? requested : `your prompt resulted in ${prompt} tokens`;
  const excess = limit === undefined ? ' was exceeded.' : ` is ${limit} tokens. However, ${length}.`;
  return `This model's maximum context length${excess} Please reduce the length of the prompt.`;
}

/** Without the lines of a Python program, with the paths of its server, that follow. */
function withoutTrace(message: string): string {
  return message.split('\n\n  File "', 1)[0] ?? '';
}
