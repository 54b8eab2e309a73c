import { createHash } from 'node:crypto';

/** Returns numbers in [0, 1), multiples of 2⁻⁵³. */
export type Random = () => number;

/**
 * The random numbers of one choice: the same on every machine for the same seed, prompt and choice, and independent of those
 * of any other.
 *
 * The generator is xoshiro128** by David Blackman and Sebastiano Vigna, public domain
 * (https://prng.di.unimi.it/xoshiro128starstar.c). SHA-256 spreads the seed over its 128 bits of state, so that
 * neighbouring seeds are unrelated; the one forbidden state, all zeros, does not occur.
 */
export function randomOf(seed: bigint | number, promptIndex: number, choiceIndex: number): Random {
  const digest = createHash('sha256').update(`${seed}/${promptIndex}/${choiceIndex}`).digest();
  const state = Uint32Array.from([0, 4, 8, 12], (offset) => digest.readUInt32LE(offset));
  return () => {
    const high = nextWord(state) >>> 5;
    const low = nextWord(state) >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
}

/** One step of xoshiro128**. */
export function nextWord(state: Uint32Array): number {
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
  const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
  const mixed2 = s2 ^ s0;
  const mixed3 = s3 ^ s1;
  state[0] = s0 ^ mixed3;
  state[1] = s1 ^ mixed2;
  state[2] = mixed2 ^ (s1 << 9);
  state[3] = rotateLeft(mixed3, 11);
  return result;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
