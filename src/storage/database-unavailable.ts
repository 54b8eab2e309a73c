import { ApiError } from '../errors/api-error.js';
import { DatabaseError } from './lease.js';

/** SQLite's primary result code for a full disk (https://www.sqlite.org/rescode.html). */
const SQLITE_FULL = 13;

/** PostgreSQL's "disk full" (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
const POSTGRES_DISK_FULL = '53100';

const RETRY_AFTER_S = 5;

/** Whether the database or the network is at fault: errors of SQLite, PostgreSQL (five characters) and sockets. */
export function isDatabaseError(error: unknown): error is Error {
  if (error instanceof DatabaseError) return true;
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  // The driver's own timeouts have no code (pg 8.23).
  return (typeof code === 'string' && /^(?:E[A-Z]{3,}|[0-9A-Z]{5})$/.test(code)) || /timeout|terminated/i.test(message);
}

/** The error for administration while the database is down, and for callers with an unknown key. */
export function databaseUnavailable(cause: Error): ApiError {
  const { code } = cause as Error & { code?: unknown };
  const isFull = code === POSTGRES_DISK_FULL || (typeof code === 'number' && (code & 0xff) === SQLITE_FULL);
  const message = isFull
    ? 'The disk of the gateway’s database is full: nothing was changed. Free space on it, and send the request again.'
    : 'The gateway’s database cannot be reached at the moment: nothing was changed. Send the request again.';
  return new ApiError(503, 'database_unavailable', message, {
    headers: { 'Retry-After': String(RETRY_AFTER_S) },
    cause,
  });
}
