import type { IncomingMessage } from 'node:http';
import { GrowingBytes } from '../src/common/growing-bytes.js';
import { parseJsonBody } from '../src/contract/parse-json-body.js';
import { ApiError } from '../src/errors/api-error.js';

/** @throws {ApiError} 413, 415, or 422 `json_invalid`, `too_long` or `value_error`. */
export async function readJsonBody(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const contentType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (contentType !== 'application/json' || request.headers['content-encoding'] !== undefined) {
    const message = 'Send the body as JSON, not compressed, with the header `Content-Type: application/json`.';
    throw new ApiError(415, 'unsupported_media_type', message);
  }
  return parseJsonBody(await readBody(request, limitBytes));
}

async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const body = new GrowingBytes(Math.min(limitBytes, Number(request.headers['content-length'] ?? 0)));
  let isTooLarge = false;
  for await (const piece of request as AsyncIterable<Buffer>) {
    // A body that is too large is read to its end and discarded, so that the client reads the answer.
    isTooLarge ||= body.length + piece.length > limitBytes;
    if (isTooLarge) body.take();
    else body.append(piece);
  }
  if (isTooLarge) throw new ApiError(413, 'request_too_large', `The body is larger than ${limitBytes} bytes.`);
  return body.take();
}
