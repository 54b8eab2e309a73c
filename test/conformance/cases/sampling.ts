import { expect } from '@jest/globals';
import { tokenOf } from '../../support/engines/tiny-vocabulary.js';
import { type ConformanceCase, GREEDY, PROMPT, SEEDED } from '../conformance-case.js';

const FOX = tokenOf(' fox');

export const SAMPLING_CASES: ConformanceCase[] = [
  { name: 'temperature 0', body: { prompt: PROMPT, temperature: 0, max_tokens: 12 } },
  { name: 'temperature 2', body: { ...SEEDED, temperature: 2 } },
  { name: 'temperature 0.5', body: { ...SEEDED, temperature: 0.5 } },
  { name: 'top_p 1', body: { ...SEEDED, top_p: 1 } },
  { name: 'top_p 0.2', body: { ...SEEDED, top_p: 0.2 } },
  { name: 'top_p 0.01, which leaves the likeliest', body: { ...SEEDED, top_p: 0.01 } },
  { name: 'top_p 0', body: { ...SEEDED, top_p: 0 } },
  { name: 'seed 0', body: { ...SEEDED, seed: 0 } },
  { name: 'a negative seed', body: { ...SEEDED, seed: -7 } },
  { name: 'a seed beyond 32 bits', body: { ...SEEDED, seed: 2 ** 40 + 1 } },
  {
    name: 'logit_bias that forces a token',
    body: { ...SEEDED, logit_bias: { [FOX]: 100 }, max_tokens: 3 },
    check: ({ choices }) => expect(choices[0]?.text).toMatch(/^(.+)\1\1$/),
  },
  {
    name: 'logit_bias that bans tokens',
    body: { ...GREEDY, logit_bias: Object.fromEntries(Array.from({ length: 50 }, (_, id) => [300 + id, -100])) },
  },
  { name: 'frequency_penalty', body: { ...GREEDY, logit_bias: { [FOX]: 14 }, frequency_penalty: 1.5 } },
  { name: 'presence_penalty', body: { ...GREEDY, logit_bias: { [FOX]: 14 }, presence_penalty: 2 } },
  { name: 'a frequency_penalty without bias', body: { ...SEEDED, max_tokens: 24, frequency_penalty: 2 } },
  { name: 'a negative frequency_penalty', body: { ...SEEDED, max_tokens: 24, frequency_penalty: -2 } },
  { name: 'penalties of 0', body: { ...SEEDED, frequency_penalty: 0, presence_penalty: 0 } },
  { name: 'user', body: { ...SEEDED, user: 'somebody' } },
  { name: 'an empty user', body: { ...SEEDED, user: '' } },
  {
    name: 'suffix',
    body: { ...GREEDY, suffix: ' home.' },
  },
  { name: 'suffix with a seed', body: { ...SEEDED, suffix: ' The end.' } },
  { name: 'suffix with n = 2', body: { ...SEEDED, n: 2, suffix: ' The end.' } },
  { name: 'suffix with echo', body: { ...GREEDY, suffix: ' home.', echo: true } },
  { name: 'suffix with several texts', body: { ...GREEDY, prompt: [PROMPT, 'Tell'], suffix: ' home.' } },
  { name: 'suffix with the usage', body: { ...GREEDY, suffix: ' home.', stream_options: { include_usage: true } } },
  { name: 'an empty suffix, which is none', body: { ...GREEDY, suffix: '' } },
  { name: 'top_k, which is not in the contract', body: { ...SEEDED, top_k: 1 } },
];
