import { isUtf8 } from 'node:buffer';
import { parseExactly } from '../common/exact-json.js';
import type { ApiError } from '../errors/api-error.js';
import { ValidationError } from '../errors/validation-error.js';
import { explainShape, MIN_BOUNDED_BYTES, shapeOf } from './json-shape.js';

/**
 * The JSON of a request body, of any shape within the bounds of `json-shape.ts`.
 *
 * @throws {ValidationError} 422 `missing`, `json_invalid`, `too_long` or `value_error`.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) throw missingBody();
  if (!isUtf8(bytes)) throw invalidJson('not valid UTF-8');
  const issue = bytes.length < MIN_BOUNDED_BYTES ? undefined : explainShape(shapeOf(bytes));
  if (issue) throw new ValidationError([issue]);
  try {
    return parseAgain(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw invalidJson(error.message);
    // V8 quotes the text around the mistake, which may be part of a prompt: only the position is passed on.
    const position = /at position \d+/.exec((error as Error).message)?.[0];
    throw invalidJson(`not valid JSON${position ? ` ${position}` : ''}`);
  }
}

/** Parses bytes that have passed `parseJsonBody` before. */
export function parseAgain(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  // A byte order mark may be ignored (RFC 8259, section 8.1).
  return parseExactly(text.startsWith('\ufeff') ? text.slice(1) : text);
}

export function missingBody(): ApiError {
  return new ValidationError([{ loc: ['body'], msg: 'Field required', type: 'missing' }]);
}

export function invalidJson(reason: string): ApiError {
  return new ValidationError([{ loc: ['body'], msg: `JSON decode error: ${reason}`, type: 'json_invalid' }]);
}
