import { SEED } from './seed.js';

/** Numbers from 0 up to but not including 1 (mulberry32), others for each `stream`, and others in each run: see `seed.ts`. */
export function seededRandom(stream: number): () => number {
  let state = SEED + stream;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
