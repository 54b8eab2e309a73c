import { expect } from '@jest/globals';
import { tokenize, tokenOf } from '../../support/engines/tiny-vocabulary.js';
import { type ConformanceCase, GREEDY, PROMPT, SEEDED } from '../conformance-case.js';

export const LOGPROBS_CASES: ConformanceCase[] = [
  {
    name: 'logprobs 0: the chosen tokens alone',
    body: { ...SEEDED, logprobs: 0 },
    check: ({ choices }) => {
      const { tokens = [], top_logprobs: top = [] } = choices[0]?.logprobs ?? {};
      expect(top.map((each) => Object.keys(each ?? {}))).toEqual(tokens.map((token) => [token]));
    },
  },
  { name: 'logprobs 1', body: { ...SEEDED, logprobs: 1 } },
  { name: 'logprobs 5', body: { ...SEEDED, logprobs: 5 } },
  {
    name: 'logprobs 1 of tokens that are not the likeliest',
    body: { ...SEEDED, temperature: 2, seed: 11, logprobs: 1 },
    check: ({ choices }) => {
      const counts = choices[0]?.logprobs?.top_logprobs.map((top) => Object.keys(top ?? {}).length);
      expect(counts).toContain(2);
    },
  },
  {
    name: 'logprobs of a text with characters of several bytes',
    body: {
      ...SEEDED,
      prompt: 'Señor 🦊 ',
      logprobs: 2,
      max_tokens: 6,
      logit_bias: Object.fromEntries([' 🦊', '🙂', ' café', '文'].map((text) => [tokenOf(text), 12])),
    },
  },
  {
    name: 'logprobs before temperature, top_p and bias',
    body: { ...GREEDY, logprobs: 3, max_tokens: 2, temperature: 0.1, seed: 1, top_p: 0.1, logit_bias: { '300': -50 } },
  },
  {
    name: 'logprobs of tokens that are parts of characters',
    body: {
      ...SEEDED,
      logprobs: 0,
      max_tokens: 12,
      logit_bias: Object.fromEntries(tokenize('🦄').map((id) => [id, 45])),
    },
  },
  { name: 'logprobs of several texts', body: { ...SEEDED, prompt: [PROMPT, 'Tell'], logprobs: 1 } },
];
