import { readStart } from '../../upstreams/read-all.js';
import { refusalOf } from '../../upstreams/refusal.js';
import type { StreamFraming } from '../../upstreams/stream-framing.js';
import type { UpstreamAnswer } from '../../upstreams/upstream.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { readAnswer } from './upstream-completion.js';
import type { PartReader } from '../stream/part-reader.js';
import { contextExceeded } from '../plan/unsupported.js';

/** An error's body is a sentence or two, and sometimes the whole request besides; more of it is not read. */
const MAX_ERROR_BYTES = 1_048_576;

/** The error that an answer of another status than 200 stands for. `now` in milliseconds since the epoch. */
export async function refusalIn({ status, headers, body }: UpstreamAnswer, now: number): Promise<UpstreamError> {
  return refusalOf(status, headers, await readStart(body, MAX_ERROR_BYTES), now);
}

export function isStream({ headers }: UpstreamAnswer, { contentType }: StreamFraming): boolean {
  return contentType.test(String(headers['content-type']));
}

/**
 * The error of a 200 that is no stream, though one was asked for: some engines refuse so, and say in the body what is wrong.
 *
 * @throws {UpstreamError} the error in the body.
 */
export async function notAStream({ headers, body }: UpstreamAnswer): Promise<UpstreamError> {
  readAnswer(await readStart(body, MAX_ERROR_BYTES));
  return new UpstreamError('answered', `${String(headers['content-type'])} for an answer to a streamed request`);
}

/** Waits for a stream of an engine that ends one before it has begun where the prompt is longer than the context. */
export async function orContextExceeded(relayed: Promise<void>, reader: PartReader): Promise<void> {
  try {
    await relayed;
  } catch (thrown) {
    const hasEnded = thrown instanceof UpstreamError && thrown.phase === 'answered';
    if (!hasEnded || !reader.isSilent) throw thrown;
    throw contextExceeded('a stream without an event');
  }
}
