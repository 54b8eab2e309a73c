import { hash } from 'node:crypto';

const PREFIX = 'sha256:';

/**
 * How an API key is stored and looked up. A key is 256 random bits, so one SHA-256 suffices: a slow password hash
 * would protect what people can guess, and cost every request.
 */
export function hashApiKey(key: string): string {
  return PREFIX + hash('sha256', key, 'hex');
}
