import { randomBytes, randomInt } from 'node:crypto';

const HALF = 0x80_0000;

const processPart = randomBytes(5).toString('hex');
let count = randomInt(HALF);

/** 24 hex digits, like DeepFellow's: seconds, the process, and a counter, so that ids of one process sort by creation. */
export function newId(now = Date.now()): string {
  count = (count + 1) % (2 * HALF);
  const seconds = Math.floor(now / 1000);
  return seconds.toString(16).padStart(8, '0') + processPart + count.toString(16).padStart(6, '0');
}
