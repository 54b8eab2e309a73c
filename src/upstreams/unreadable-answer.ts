import { ApiError } from '../errors/api-error.js';
import { UpstreamError } from './upstream-error.js';

/** UTF-16 units that a log line keeps of an error. */
const MAX_REASON_LENGTH = 300;

/**
 * What was thrown while an upstream's answer was read, as an error of the upstream: it is not the client's fault, another
 * upstream may do better, and it counts against this one. The logged reason says where, since it may be a bug of ours.
 */
export function unreadableAnswer(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const [, place = ''] = thrown instanceof Error ? (thrown.stack?.split('\n    at ') ?? []) : [];
  const reason = `reading the answer failed: ${String(thrown)} (${place})`.slice(0, MAX_REASON_LENGTH);
  return new UpstreamError('answered', reason, { cause: thrown });
}

/** @throws {ApiError} for anything that `read` throws. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw unreadableAnswer(thrown);
  }
}
