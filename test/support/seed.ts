/** The seed of this run, which it prints; `SEED=…` repeats it. */
export const SEED = Number(process.env.SEED);
