import { expect } from '@jest/globals';
import { type ConformanceCase, PROMPT, SEEDED } from '../conformance-case.js';

const JSON_ONLY = { ways: ['json'] } as const;

export const BEST_OF_CASES: ConformanceCase[] = [
  { name: 'best_of 1', body: { ...SEEDED, best_of: 1 } },
  { name: 'best_of 0, which is none', body: { ...SEEDED, best_of: 0 } },
  { name: 'best_of 3', ...JSON_ONLY, body: { ...SEEDED, best_of: 3 } },
  {
    name: 'best_of 3, n = 2, best first',
    ...JSON_ONLY,
    body: { ...SEEDED, best_of: 3, n: 2, logprobs: 0 },
    check: ({ choices }) => {
      const means = choices.map(({ logprobs }) => mean(logprobs?.token_logprobs ?? []));
      expect(means[0]).toBeGreaterThanOrEqual(means[1] ?? NaN);
    },
  },
  { name: 'best_of = n', ...JSON_ONLY, body: { ...SEEDED, best_of: 3, n: 3 } },
  { name: 'best_of with log probabilities', ...JSON_ONLY, body: { ...SEEDED, best_of: 3, logprobs: 2 } },
  { name: 'best_of with echo', ...JSON_ONLY, body: { ...SEEDED, best_of: 3, echo: true } },
  {
    name: 'best_of with echo and log probabilities',
    ...JSON_ONLY,
    body: { ...SEEDED, best_of: 3, echo: true, logprobs: 1 },
  },
  { name: 'best_of of several texts', ...JSON_ONLY, body: { ...SEEDED, prompt: [PROMPT, 'Tell'], best_of: 2 } },
  { name: 'best_of at temperature 0', ...JSON_ONLY, body: { ...SEEDED, temperature: 0, best_of: 2 } },
];

function mean(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? NaN), 0) / values.length;
}
