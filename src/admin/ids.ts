import { randomBytes, randomInt } from 'node:crypto';

const HALF = 0x80_0000;

/** Of this process. */
const place = randomBytes(5).toString('hex');
let count = randomInt(HALF);

/** 24 hex digits, as DeepFellow's: seconds, the process, and a count, so that those of one process are in their order. */
export function newId(now = Date.now()): string {
  count = (count + 1) % (2 * HALF);
  const seconds = Math.floor(now / 1000);
  return seconds.toString(16).padStart(8, '0') + place + count.toString(16).padStart(6, '0');
}
