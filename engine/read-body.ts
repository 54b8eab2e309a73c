import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { parseExactly } from '../src/common/exact-json.js';
import { ApiError } from '../src/errors/api-error.js';
import { ValidationError } from '../src/errors/validation-error.js';

/** @throws {ApiError} 413, 415, or 422 `json_invalid`. */
export async function readJsonBody(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  const contentType = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (contentType !== 'application/json' || request.headers['content-encoding'] !== undefined) {
    const message = 'Send the body as JSON, not compressed, with the header `Content-Type: application/json`.';
    throw new ApiError(415, 'unsupported_media_type', message);
  }
  const body = await readBody(request, limitBytes);
  if (body.length === 0) throw new ValidationError([{ loc: ['body'], msg: 'Field required', type: 'missing' }]);
  if (!isUtf8(body)) throw invalidJson('not valid UTF-8');
  try {
    return parseExactly(body.toString());
  } catch (error) {
    // V8 quotes the text around the mistake, which may be a piece of a prompt: where it is suffices.
    const position = /at position \d+/.exec((error as Error).message)?.[0];
    throw invalidJson(position === undefined ? 'not valid JSON' : `not valid JSON ${position}`);
  }
}

async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    // What is too large is read to its end and thrown away, so that the client gets to read the answer.
    if (sizeBytes <= limitBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (sizeBytes > limitBytes) {
    throw new ApiError(413, 'request_too_large', `The body is larger than ${limitBytes} bytes.`);
  }
  return Buffer.concat(chunks);
}

function invalidJson(reason: string): ValidationError {
  return new ValidationError([{ loc: ['body'], msg: `JSON decode error: ${reason}`, type: 'json_invalid' }]);
}
