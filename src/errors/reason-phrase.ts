import { STATUS_CODES } from 'node:http';
import type { ApiError } from './api-error.js';

const MAX_LENGTH = 120;

/**
 * The reason phrase; of a client's mistake with the message, since benchmark tools print nothing else. RFC 9112, section 4
 * allows any text; only ASCII is read alike everywhere.
 */
export function reasonPhraseOf({ status, message }: ApiError): string {
  const standard = STATUS_CODES[status] ?? '';
  if (status >= 500) return standard;
  return `${standard}: ${message.replace(/[^ -~]+/g, ' ').trimStart()}`.slice(0, MAX_LENGTH).trimEnd();
}
