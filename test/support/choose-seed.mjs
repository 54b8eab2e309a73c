import { randomInt } from 'node:crypto';
import process from 'node:process';

/** Chooses the seed of all random tests of a run: a new one each time, or the one of `SEED=…`. Workers inherit it. */
export default function chooseSeed() {
  process.env.SEED ??= String(randomInt(2 ** 31));
  process.stderr.write(`SEED=${process.env.SEED}\n`);
}
