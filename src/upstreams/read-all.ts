import { GrowingBytes } from '../common/growing-bytes.js';
import type { AnswerBody } from './answer-body.js';
import { UpstreamError } from './upstream-error.js';

/** No completion is larger; an endless answer must not fill the memory. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * A whole body as text. `spend` is charged for the bytes as they arrive, and may throw.
 *
 * @throws {UpstreamError} when it is larger than any completion.
 */
export async function readAll(body: AnswerBody, spend?: (bytes: number) => void): Promise<string> {
  const bytes = new GrowingBytes();
  await body.readEach((piece) => {
    spend?.(piece.length);
    bytes.append(piece);
    if (bytes.length > MAX_ANSWER_BYTES)
      throw new UpstreamError('answered', `an answer larger than ${MAX_ANSWER_BYTES} bytes`, { isTooLarge: true });
  });
  return bytes.take().toString();
}

/** The beginning of a body as text, cut at `limitBytes`; the rest is not read. */
export async function readStart(body: AnswerBody, limitBytes: number): Promise<string> {
  const bytes = new GrowingBytes();
  await body.readEach((piece) => {
    bytes.append(piece);
    if (bytes.length >= limitBytes) body.leave();
  });
  return bytes.take().toString('utf8', 0, limitBytes);
}
