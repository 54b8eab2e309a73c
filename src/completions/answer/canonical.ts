import { isExact } from '../../common/exact-json.js';
import { isCount } from '../../observability/usage.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { makeLogprobsCanonical, makeUsageCanonical } from './canonical-fields.js';
import type { UpstreamCompletion } from './upstream-completion.js';

const FINISH_REASONS = new Set<unknown>([null, 'stop', 'length', 'content_filter']);

/** Engines' other names for `length`. Any other reason is a `stop`: the text is whole. */
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
  if (!makeUsageCanonical(completion)) isCanonical = false;
  for (const choice of completion.choices) {
    if (!makeLogprobsCanonical(choice)) isCanonical = false;
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
  if (typeof reason !== 'string') throw new UpstreamError('answered', 'a finish reason that is not a string');
  if (reason === 'abort') throw abortedByOperator();
  if (reason === 'error') throw new UpstreamError('broken', 'the upstream gave up');
  return LENGTH_REASONS.has(reason) ? 'length' : 'stop';
}

/** How vLLM and SGLang end a request that was aborted. */
function abortedByOperator(): UpstreamError {
  const publicError = { status: 502, code: 'upstream_error', message: 'The upstream has aborted the request.' };
  return new UpstreamError('answered', 'the upstream has aborted the request', { isAborted: true, publicError });
}
