/** What the rounds of one figure come to. */
export interface Summary {
  median: number;
  minimum: number;
  maximum: number;
}

/** Of an even number, the mean of the two in the middle. @throws {RangeError} for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (lower === undefined || upper === undefined) throw new RangeError('no values, no median');
  return (lower + upper) / 2;
}

/** Rounds that could not measure the figure are left out; null when none could. */
export function summarize(rounds: readonly (number | null)[]): Summary | null {
  const values = rounds.filter((value) => value !== null);
  if (values.length === 0) return null;
  return { median: median(values), minimum: Math.min(...values), maximum: Math.max(...values) };
}
