import { randomUUID } from 'node:crypto';

/** An id that sorts by when it was made (RFC 9562, section 5.7). `now` is in milliseconds since the epoch. */
export function uuidV7(now: number): string {
  return `${timePartOf(now)}-7${randomUUID().slice(15)}`;
}

/** What sorts before every id that is made at `time` (milliseconds since the epoch) or later, and after all that were made before. */
export function beforeUuidsV7(time: number): string {
  return `${timePartOf(time)}-0000-0000-000000000000`;
}

/** When the id was made: milliseconds since the epoch. */
export function timeOfUuidV7(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function timePartOf(time: number): string {
  const digits = Math.floor(time).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
