import { isCount, usageOf } from '../../observability/usage.js';
import { jsonLines } from '../../upstreams/stream-framing.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { readAnswer, type UpstreamCompletion } from '../answer/upstream-completion.js';
import type { Dialect, SentBody } from './dialect.js';

/** The fields that are sent in `options`, and their names there. */
const OPTIONS = new Map([
  ['max_tokens', 'num_predict'],
  ...['temperature', 'top_p', 'top_k', 'min_p', 'typical_p', 'seed', 'presence_penalty', 'frequency_penalty'].map(same),
  ...['repeat_penalty', 'repeat_last_n'].map(same),
]);

/** The fields of the contract that it does not have. */
const UNKNOWN = new Set(['n', 'best_of', 'echo', 'user', 'logit_bias', 'stream_options']);

/** Ollama's own answer, whole or a line of a stream; the last one is `done`. */
interface OllamaAnswer {
  response: unknown;
  done: unknown;
  done_reason: unknown;
  prompt_eval_count: unknown;
  eval_count: unknown;
  logprobs: unknown;
}

/**
 * Ollama's `/api/generate`, which takes a prompt without a template, gives log probabilities, and refuses what is too long.
 * See https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-completion.
 */
export const ollamaDialect: Dialect = {
  path: '/api/generate',
  isFromRoot: true,
  isNested: true,
  // On a text that repeats itself: more than 30 equal tokens (2026-08-21).
  givesUp: true,
  framing: jsonLines,

  write({ model, prompt, suffix, stream, logprobs, stop, format, response_format, json_schema, ...others }): object {
    // With `extraParameters: forward` a client may give Ollama's own.
    const options: SentBody = { ...(others.options as SentBody | undefined) };
    const extras: SentBody = {};
    for (const [name, value] of Object.entries(others)) {
      const option = OPTIONS.get(name);
      if (option !== undefined) options[option] = value;
      else if (!UNKNOWN.has(name)) extras[name] = value;
    }
    return {
      ...extras,
      model,
      prompt,
      suffix,
      // The model's template places the suffix.
      raw: suffix === undefined,
      stream: stream === true,
      // Otherwise Ollama removes what is between thinking tags from the text.
      think: false,
      truncate: false,
      shift: false,
      format: format ?? json_schema ?? formatOf(response_format),
      ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
      // An empty list overrides the Modelfile's.
      options: { ...options, stop: [stop ?? []].flat() },
    };
  },

  read(json: string, isWhole: boolean): UpstreamCompletion | undefined {
    const answer = readAnswer(json) as Partial<OllamaAnswer> | undefined;
    if (answer === undefined) return undefined;
    const { response, logprobs } = answer;
    if (typeof response !== 'string') throw new UpstreamError('answered', 'an answer without `response`');
    const scores = Array.isArray(logprobs) ? { content: logprobs as unknown[] } : null;
    const choice = { index: 0, text: response, finish_reason: finishReasonOf(answer, isWhole), logprobs: scores };
    return { choices: [choice], ...countsIn(answer) };
  },
};

function same(name: string): [string, string] {
  return [name, name];
}

/** OpenAI's `response_format` as Ollama's: `json`, or a schema. */
function formatOf(responseFormat: unknown): unknown {
  const { type, json_schema: named } = (responseFormat ?? {}) as { type?: unknown; json_schema?: { schema?: unknown } };
  if (type === 'json_object') return 'json';
  return type === 'json_schema' ? named?.schema : undefined;
}

/** A whole answer that is not done was abandoned. */
function finishReasonOf({ done, done_reason: reason }: Partial<OllamaAnswer>, isWhole: boolean): unknown {
  if (done === true) return reason ?? 'stop';
  return isWhole ? 'length' : null;
}

/** A count of 0 is left out. */
function countsIn({ done, prompt_eval_count: prompt = 0, eval_count: completion = 0 }: Partial<OllamaAnswer>): object {
  if (done !== true || !isCount(prompt) || !isCount(completion)) return {};
  return { usage: usageOf(prompt, completion) };
}
