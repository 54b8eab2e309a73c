/** Counts of model tokens. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

/** Whether it is a whole number from 0 on: engines send anything. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isUsage(value: unknown): value is Usage {
  if (typeof value !== 'object' || value === null) return false;
  const usage = value as Partial<Usage>;
  return isCount(usage.prompt_tokens) && isCount(usage.completion_tokens);
}

export function usageOf(promptTokens: number, completionTokens: number): Usage {
  const total = addCounts(promptTokens, completionTokens);
  return { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: total };
}

/** The sum of two counts, at most 2^53 - 1. */
export function addCounts(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}
