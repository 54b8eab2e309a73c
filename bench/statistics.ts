/** One figure over all rounds. */
export interface Summary {
  median: number;
  minimum: number;
  maximum: number;
}

/** For an even number of values, the mean of the two in the middle. @throws {RangeError} for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (lower === undefined || upper === undefined) throw new RangeError('no values, no median');
  return (lower + upper) / 2;
}

/** Leaves out rounds that could not measure the figure; null if none could. */
export function summarize(rounds: readonly (number | null)[]): Summary | null {
  const values = rounds.filter((value) => value !== null);
  if (values.length === 0) return null;
  return { median: median(values), minimum: Math.min(...values), maximum: Math.max(...values) };
}
