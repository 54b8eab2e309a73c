import { UpstreamError } from './upstream-error.js';

/** No completion is larger; an endless answer must not fill the memory. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * A whole body as text.
 *
 * @throws {UpstreamError} when it is larger than `limitBytes`.
 */
export async function readAll(body: AsyncIterable<Buffer>, limitBytes = MAX_ANSWER_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) throw new UpstreamError('broken', `an answer larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes).toString();
}
