import { readStart } from '../../upstreams/read-all.js';
import { refusalOf } from '../../upstreams/refusal.js';
import type { StreamFraming } from '../../upstreams/stream-framing.js';
import type { UpstreamAnswer } from '../../upstreams/upstream.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { readAnswer } from './upstream-completion.js';
import type { PartReader } from '../stream/part-reader.js';
import { contextExceeded } from '../plan/unsupported.js';

/** Errors are a sentence or two, and may quote the whole request. No more than this is read. */
const MAX_ERROR_BYTES = 1_048_576;

/** The error that an answer of another status than 200 stands for. `now` in milliseconds since the epoch. */
export async function refusalIn({ status, headers, body }: UpstreamAnswer, now: number): Promise<UpstreamError> {
  return refusalOf(status, headers, await readStart(body, MAX_ERROR_BYTES), now);
}

export function isStream({ headers }: UpstreamAnswer, { contentType }: StreamFraming): boolean {
  return contentType.test(String(headers['content-type']));
}

/**
 * The error of a 200 that is no stream, though one was asked for: some engines refuse that way, with the error in the body.
 *
 * @throws {UpstreamError} the error in the body.
 */
export async function notAStream({ headers, body }: UpstreamAnswer): Promise<UpstreamError> {
  readAnswer(await readStart(body, MAX_ERROR_BYTES));
  return new UpstreamError('answered', `${String(headers['content-type'])} for an answer to a streamed request`);
}

/** For an engine that ends a stream without an event when the prompt is longer than the context. */
export async function orContextExceeded(relayed: Promise<void>, reader: PartReader): Promise<void> {
  try {
    await relayed;
  } catch (thrown) {
    const hasEnded = thrown instanceof UpstreamError && thrown.phase === 'answered';
    if (!hasEnded || !reader.isSilent) throw thrown;
    throw contextExceeded('a stream without an event');
  }
}
