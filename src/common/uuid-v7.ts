import { randomUUID } from 'node:crypto';

/** An id that sorts by its creation time (RFC 9562, section 5.7). `now` is in milliseconds since the epoch. */
export function uuidV7(now: number): string {
  return `${timePartOf(now)}-7${randomUUID().slice(15)}`;
}

/** Sorts before every id of `time` (milliseconds since the epoch) or later, and after all earlier ones. */
export function beforeUuidsV7(time: number): string {
  return `${timePartOf(time)}-0000-0000-000000000000`;
}

/** The creation time of an id, in milliseconds since the epoch. */
export function timeOfUuidV7(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

function timePartOf(time: number): string {
  const digits = Math.floor(time).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
