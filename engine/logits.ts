/** How much of a position's logits is read; each level costs more than the one before. */
export type Detail = 'window' | 'window-and-mass' | 'all';

/**
 * The raw logits of one position: before temperature, penalties, bias and any other sampling option.
 *
 * Probabilities depend on their differences only, so each value is relative to the largest, which is 0.
 */
export interface Logits {
  /** Token ids by falling logit. */
  readonly tokens: readonly number[];
  /** `values[i]` is the logit of `tokens[i]`. */
  readonly values: Float64Array;
  /** The absolute logit of the likeliest token, if it was asked for. */
  readonly largest?: number;
  /** The tokens that are not listed. None has a larger logit than the last listed one. */
  readonly rest: Rest;
}

export interface Rest {
  readonly count: number;
  /** The sum of exp(logit) over the rest lies between these two. */
  readonly massLow: number;
  readonly massHigh: number;
}

/** Reads the logits of the position that was evaluated last. `withLargest` adds `largest`, and costs as much as `all`. */
export type LogitReader = (detail: Detail, withLargest?: boolean) => Promise<Logits>;

export const NO_REST: Rest = { count: 0, massLow: 0, massHigh: 0 };

/** The logarithm of the sum of exp(logit) over the whole vocabulary; exact if every token is listed. */
export function logSum({ values, rest }: Logits): number {
  let sum = (rest.massLow + rest.massHigh) / 2;
  for (const value of values) sum += Math.exp(value);
  return Math.log(sum);
}

/** The logit of the last listed token, which no unlisted token exceeds. */
export function ceilingOf({ values }: Logits): number {
  return values[values.length - 1] ?? -Infinity;
}
