import { STATUS_CODES } from 'node:http';
import type { ApiError } from './api-error.js';

const MAX_LENGTH = 120;

/**
 * The reason phrase of a client's mistake, with what it is: benchmark tools print nothing else. RFC 9112, section 4 allows it any
 * text; ASCII is what everybody can read.
 */
export function reasonPhraseOf({ status, message }: ApiError): string {
  const standard = STATUS_CODES[status] ?? '';
  if (status >= 500) return standard;
  return `${standard}: ${message.replace(/[^ -~]+/g, ' ').trimStart()}`.slice(0, MAX_LENGTH).trimEnd();
}
