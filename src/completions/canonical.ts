import { isExact, parseExactly } from '../common/exact-json.js';
import { refusalInStream } from '../upstreams/refusal.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { isCount, type Usage } from '../telemetry/usage.js';

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
  /** Missing in the last chunk of some, until the choice is canonical. */
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
 * Reads what an upstream says is a completion, or a chunk of one.
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
 * What an upstream has sent as JSON, of whatever shape.
 *
 * @returns undefined for `null`.
 * @throws {UpstreamError} when it is an error, or no JSON object.
 */
export function readAnswer(json: string): object | undefined {
  const value = parse(json);
  if (value === null) return undefined;
  if (typeof value !== 'object') throw new UpstreamError('answered', 'an answer that is no JSON object');
  // SGLang's error has no `error`; it says what it is.
  if ((value as { error?: unknown }).error || (value as { object?: unknown }).object === 'error') {
    throw refusalInStream(value);
  }
  return value;
}

function parse(json: string): unknown {
  try {
    return parseExactly(json);
  } catch (cause) {
    throw new UpstreamError('answered', 'an answer that is not JSON', { cause });
  }
}

/** LocalAI's last chunk of a choice has a finish reason, and no text at all. */
function isChoice(choice: unknown): boolean {
  if (typeof choice !== 'object' || choice === null) return false;
  const { index, text, finish_reason } = choice as Partial<UpstreamChoice>;
  const isEnd = text === undefined && typeof finish_reason === 'string' && !('message' in choice);
  return Number.isSafeInteger(index) && (typeof text === 'string' || isEnd);
}

const FINISH_REASONS = new Set<unknown>([null, 'stop', 'length', 'content_filter']);

/** What engines call the end of a text besides. Any other reason of their own is a `stop`: the text is whole. */
const LENGTH_REASONS = new Set<unknown>(['max_tokens', 'max_length', 'limit']);
const FAILURES = new Set<unknown>(['abort', 'error']);

/** What marks an answer to which the upstream gives no mark of its own. */
export interface FallbackIdentity {
  id: string;
  /** Seconds since the epoch. */
  created: number;
}

/**
 * Brings the parts of a completion that the contract fixes to the contract's form, in place.
 *
 * @returns whether nothing had to change.
 * @throws {UpstreamError} when the upstream says that it gave up.
 */
export function makeCanonical(completion: UpstreamCompletion, fallback: FallbackIdentity): boolean {
  let isCanonical = true;
  if (typeof completion.id !== 'string' || !completion.id.startsWith('cmpl-')) {
    completion.id = canonicalId(completion.id, fallback.id);
    isCanonical = false;
  }
  if (completion.object !== 'text_completion') {
    completion.object = 'text_completion';
    isCanonical = false;
  }
  if (!Number.isSafeInteger(completion.created) && !isExact(completion.created)) {
    completion.created = fallback.created;
    isCanonical = false;
  }
  if (isEmptyUsage(completion.usage) || isNoUsage(completion.usage)) {
    delete completion.usage;
    isCanonical = false;
  }
  for (const choice of completion.choices) {
    // Ollama has no such field, and LocalAI's last chunk neither; the contract has it in any case.
    if (choice.logprobs === undefined) {
      choice.logprobs = null;
      isCanonical = false;
    }
    if (FINISH_REASONS.has(choice.finish_reason) && typeof choice.text === 'string') continue;
    choice.finish_reason = canonicalReason(choice.finish_reason);
    if (typeof choice.text !== 'string') choice.text = '';
    isCanonical = false;
  }
  return isCanonical;
}

function canonicalId(id: unknown, fallbackId: string): string {
  return typeof id === 'string' && id !== '' ? `cmpl-${id.replace(/^chatcmpl-/, '')}` : fallbackId;
}

function canonicalReason(reason: unknown): string | null {
  if (FINISH_REASONS.has(reason)) return reason as string | null;
  if (reason === undefined || reason === '') return null;
  if (FAILURES.has(reason)) throw new UpstreamError('broken', `the upstream gave up: ${JSON.stringify(reason)}`);
  return LENGTH_REASONS.has(reason) ? 'length' : 'stop';
}

/** Ollama on the way, and LocalAI in whole answers: zeros for what it has not counted. */
function isEmptyUsage(usage: unknown): boolean {
  if (typeof usage !== 'object' || usage === null) return false;
  const { prompt_tokens: prompt, completion_tokens: completion } = usage as Partial<Usage>;
  return prompt === 0 && completion === 0;
}

/** What stands where the counts belong, and is none. OpenAI's own `null` on the way stays. */
function isNoUsage(usage: unknown): boolean {
  if (usage === undefined || usage === null) return false;
  if (typeof usage !== 'object' || Array.isArray(usage)) return true;
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage as Partial<Usage>;
  return isNoCount(prompt) || isNoCount(completion) || isNoCount(total);
}

/** A count may be missing. */
function isNoCount(value: unknown): boolean {
  return value !== undefined && !isCount(value);
}
