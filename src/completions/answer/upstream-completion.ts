import { refusalInStream } from '../../upstreams/refusal.js';
import { reading } from '../../upstreams/unreadable-answer.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { parseAnswer } from './answer-json.js';

/** A completion object as an upstream sends it: whole, or a chunk of a stream. */
export interface UpstreamCompletion {
  id?: unknown;
  object?: unknown;
  created?: unknown;
  system_fingerprint?: unknown;
  model?: unknown;
  choices: UpstreamChoice[];
  usage?: unknown;
}

export interface UpstreamChoice {
  index: number;
  /** Missing or null in chunks of some, until the choice is canonical. */
  text: string;
  finish_reason?: unknown;
  logprobs?: UpstreamLogprobs | null | undefined;
}

/** The legacy lists, or what chat completions have in their place. */
export type UpstreamLogprobs = Partial<LegacyLogprobs> & { content?: unknown };

/** OpenAI's legacy shape: four lists of the same length, one entry a token. */
export interface LegacyLogprobs {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
}

/**
 * Reads an upstream's completion, or a chunk of one.
 *
 * @returns undefined for `null`, with which llama.cpp begins a stream for several prompts.
 * @throws {UpstreamError} when it is an error, or no completion.
 */
export function readCompletion(json: string): UpstreamCompletion | undefined {
  const value = readAnswer(json) as Partial<UpstreamCompletion> | undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value.choices) || !value.choices.every(isChoice)) {
    throw new UpstreamError('answered', 'an answer without choices, or with a choice that lacks its text or index');
  }
  return value as UpstreamCompletion;
}

/**
 * JSON from an upstream, of any shape.
 *
 * @returns undefined for `null`.
 * @throws {UpstreamError} when it is an error, or no JSON object.
 */
export function readAnswer(json: string): object | undefined {
  const value = parseAnswer(json);
  if (value === null) return undefined;
  if (typeof value !== 'object') throw new UpstreamError('answered', 'an answer that is no JSON object');
  // SGLang's errors have no `error` field but an `object: "error"`.
  if ((value as { error?: unknown }).error || (value as { object?: unknown }).object === 'error') {
    throw reading(() => refusalInStream(value));
  }
  return value;
}

/** A chunk may lack the text, or have null in its place. What has a message in its place is of another endpoint. */
function isChoice(choice: unknown): boolean {
  if (typeof choice !== 'object' || choice === null) return false;
  const { index, text } = choice as { index?: unknown; text?: unknown };
  const isSilent = (text === undefined || text === null) && !('message' in choice || 'delta' in choice);
  return Number.isSafeInteger(index) && (typeof text === 'string' || isSilent);
}
