import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../src/errors/api-error.js';

/** Refuses a request without the token, with 401; without a token to ask for, it refuses none. */
export function tokenCheck(token: string | undefined): (request: IncomingMessage) => void {
  if (token === undefined) return () => undefined;
  const expected = digestOf(`Bearer ${token}`);
  return ({ headers }) => {
    // Digests have one length: the comparison leaks nothing of the token's.
    if (timingSafeEqual(digestOf(headers.authorization ?? ''), expected)) return;
    const code = headers.authorization === undefined ? 'missing_api_key' : 'invalid_api_key';
    throw new ApiError(401, code, 'This engine serves the program that has started it.', {
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  };
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
