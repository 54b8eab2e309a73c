import { expect } from '@jest/globals';
import { tokenize } from '../../support/engines/tiny-vocabulary.js';
import { type ConformanceCase, GREEDY, PROMPT, SEEDED } from '../conformance-case.js';

export const ECHO_CASES: ConformanceCase[] = [
  { name: 'echo', body: { ...GREEDY, echo: true } },
  { name: 'echo: false', body: { ...GREEDY, echo: false } },
  {
    name: 'echo with the usage',
    body: { ...SEEDED, echo: true, stream_options: { include_usage: true } },
  },
  { name: 'echo of several texts', body: { ...GREEDY, prompt: [PROMPT, 'Zażółć 🙂'], echo: true } },
  { name: 'echo with n = 2', body: { ...SEEDED, n: 2, echo: true } },
  { name: 'echo of token ids', body: { ...GREEDY, prompt: tokenize(PROMPT), echo: true } },
  { name: 'echo with a stop text that is in the prompt', body: { ...GREEDY, echo: true, stop: 'cat' } },
  { name: 'echo with log probabilities', body: { ...GREEDY, echo: true, logprobs: 2 } },
  { name: 'echo with log probabilities, max_tokens 1', body: { ...GREEDY, echo: true, logprobs: 1, max_tokens: 1 } },
  { name: 'echo with log probabilities, max_tokens 0', body: { ...GREEDY, echo: true, logprobs: 1, max_tokens: 0 } },
  { name: 'echo with logprobs 0', body: { ...GREEDY, echo: true, logprobs: 0, max_tokens: 2 } },
  {
    name: 'echo with log probabilities of characters of several bytes',
    body: { ...GREEDY, prompt: 'Zażółć 🦄!', echo: true, logprobs: 1, max_tokens: 2 },
  },
  {
    name: 'echo with log probabilities of several texts',
    body: { ...SEEDED, prompt: [PROMPT, 'Once upon a time'], n: 2, echo: true, logprobs: 1 },
  },
  {
    name: 'echo and nothing generated',
    body: { ...GREEDY, echo: true, max_tokens: 0 },
    check: ({ choices }) => expect(choices).toMatchObject([{ index: 0, text: PROMPT, logprobs: null }]),
  },
  {
    name: 'echo of several texts and nothing generated',
    body: { prompt: [PROMPT, 'Tell'], echo: true, max_tokens: 0 },
  },
];
