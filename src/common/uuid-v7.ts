import { randomUUID } from 'node:crypto';

/** An id that sorts by when it was made (RFC 9562, section 5.7). `now` is in milliseconds since the epoch. */
export function uuidV7(now: number): string {
  const time = Math.floor(now).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
