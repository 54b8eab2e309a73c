import { refusalInStream } from '../upstreams/refusal.js';
import { UpstreamError } from '../upstreams/upstream-error.js';

/** A completion object as an upstream sends it: whole, or a chunk of a stream. */
export interface UpstreamCompletion {
  id?: unknown;
  created?: unknown;
  system_fingerprint?: unknown;
  model?: unknown;
  choices: UpstreamChoice[];
  usage?: unknown;
}

export interface UpstreamChoice {
  index: number;
  text: string;
  finish_reason?: unknown;
  logprobs?: UpstreamLogprobs | null;
}

/** The legacy lists, one entry a token. */
export interface UpstreamLogprobs {
  tokens?: string[];
  text_offset?: number[];
}

/**
 * Reads what an upstream says is a completion, or a chunk of one.
 *
 * @returns undefined for `null`, with which llama.cpp begins a stream for several prompts.
 * @throws {UpstreamError} when it is an error, or no completion.
 */
export function readCompletion(json: string): UpstreamCompletion | undefined {
  const value = parse(json) as (Partial<UpstreamCompletion> & { error?: unknown }) | null;
  if (value === null) return undefined;
  if (value.error) throw refusalInStream(value);
  if (!Array.isArray(value.choices) || !value.choices.every(isChoice)) {
    throw new UpstreamError('answered', 'an answer without choices, or with a choice that lacks its text or index');
  }
  return value as UpstreamCompletion;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new UpstreamError('answered', 'an answer that is not JSON', { cause });
  }
}

function isChoice(choice: unknown): boolean {
  if (typeof choice !== 'object' || choice === null) return false;
  const { index, text } = choice as Partial<UpstreamChoice>;
  return Number.isSafeInteger(index) && typeof text === 'string';
}
