import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../src/errors/api-error.js';

/** A check that throws 401 for a request without the token; undefined: every request passes. */
export function tokenCheck(token: string | undefined): (request: IncomingMessage) => void {
  if (token === undefined) return () => undefined;
  const expected = digestOf(`Bearer ${token}`);
  return ({ headers }) => {
    // Digests have equal lengths: the comparison does not leak the token's.
    if (timingSafeEqual(digestOf(headers.authorization ?? ''), expected)) return;
    const code = headers.authorization === undefined ? 'missing_api_key' : 'invalid_api_key';
    throw new ApiError(401, code, 'This engine serves only the program that started it.', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  };
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
