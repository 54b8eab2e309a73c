import { isExact } from '../common/exact-json.js';
import { refusalInStream } from '../upstreams/refusal.js';
import { reading } from '../upstreams/unreadable-answer.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { isCount } from '../observability/usage.js';
import { parseAnswer } from './answer-json.js';
import { checkLogprobs, checkUsage } from './answer-shape.js';

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

const FINISH_REASONS = new Set<unknown>([null, 'stop', 'length', 'content_filter']);

/** What engines call the end of a text besides. Any other reason of their own is a `stop`: the text is whole. */
const LENGTH_REASONS = new Set<unknown>(['max_tokens', 'max_length', 'limit']);

/** The id and time of an answer whose upstream gives none. */
export interface FallbackIdentity {
  id: string;
  /** Seconds since the epoch. */
  created: number;
}

/**
 * Brings the parts of a completion that the contract fixes to the contract's form, in place.
 *
 * @returns whether nothing had to change.
 * @throws {UpstreamError} when the upstream reports an abort.
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
  if (!isCount(completion.created) && !isExact(completion.created)) {
    completion.created = fallback.created;
    isCanonical = false;
  }
  const { system_fingerprint: fingerprint } = completion;
  if (fingerprint !== undefined && typeof fingerprint !== 'string') {
    delete completion.system_fingerprint;
    isCanonical = false;
  }
  if (!checkUsage(completion)) isCanonical = false;
  for (const choice of completion.choices) {
    if (!checkLogprobs(choice)) isCanonical = false;
    if (FINISH_REASONS.has(choice.finish_reason) && typeof choice.text === 'string') continue;
    choice.finish_reason = canonicalReason(choice.finish_reason);
    if (typeof choice.text !== 'string') choice.text = '';
    isCanonical = false;
  }
  return isCanonical;
}

/** Every choice of a whole answer has ended; one without a finish reason gets `stop`. @returns whether all had one. */
export function endChoices({ choices }: UpstreamCompletion): boolean {
  const open = choices.filter(({ finish_reason: reason }) => reason === null);
  for (const choice of open) choice.finish_reason = 'stop';
  return open.length === 0;
}

function canonicalId(id: unknown, fallbackId: string): string {
  return typeof id === 'string' && id !== '' ? `cmpl-${id.replace(/^chatcmpl-/, '')}` : fallbackId;
}

function canonicalReason(reason: unknown): string | null {
  if (FINISH_REASONS.has(reason)) return reason as string | null;
  if (reason === undefined || reason === '') return null;
  if (typeof reason !== 'string') throw new UpstreamError('answered', 'a finish reason that is no text');
  if (reason === 'abort') throw abortedByOperator();
  if (reason === 'error') throw new UpstreamError('broken', 'the upstream gave up');
  return LENGTH_REASONS.has(reason) ? 'length' : 'stop';
}

/** How vLLM and SGLang end a request that was aborted. */
function abortedByOperator(): UpstreamError {
  const publicError = { status: 502, code: 'upstream_error', message: 'The upstream has aborted the request.' };
  return new UpstreamError('answered', 'the upstream has aborted the request', { isAborted: true, publicError });
}
