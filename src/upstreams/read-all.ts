import type { AnswerBody } from './answer-body.js';
import { UpstreamError } from './upstream-error.js';

/** No completion is larger; an endless answer must not fill the memory. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * A whole body as text.
 *
 * @throws {UpstreamError} when it is larger than any completion.
 */
export async function readAll(body: AnswerBody): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  await body.readEach((piece) => {
    sizeBytes += piece.length;
    if (sizeBytes > MAX_ANSWER_BYTES)
      throw new UpstreamError('answered', `an answer larger than ${MAX_ANSWER_BYTES} bytes`, { isTooLarge: true });
    pieces.push(piece);
  });
  return textOf(pieces, sizeBytes);
}

/** The beginning of a body as text, cut at `limitBytes`; the rest is not read. */
export async function readStart(body: AnswerBody, limitBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  await body.readEach((piece) => {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes >= limitBytes) body.leave();
  });
  return textOf(pieces, Math.min(sizeBytes, limitBytes));
}

function textOf(pieces: readonly Buffer[], sizeBytes: number): string {
  const [first, second] = pieces;
  const whole = first && !second ? first : Buffer.concat(pieces);
  return whole.toString('utf8', 0, sizeBytes);
}
