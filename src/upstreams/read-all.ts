import { UpstreamError } from './upstream-error.js';

/** No completion is larger; an endless answer must not fill the memory. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * A whole body as text.
 *
 * @throws {UpstreamError} when it is larger than any completion.
 */
export async function readAll(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_ANSWER_BYTES)
      throw new UpstreamError('answered', `an answer larger than ${MAX_ANSWER_BYTES} bytes`, { isTooLarge: true });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes).toString();
}

/** The beginning of a body as text, cut at `limitBytes`; the rest is not read. */
export async function readStart(body: AsyncIterable<Buffer>, limitBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= limitBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, limitBytes).toString();
}
