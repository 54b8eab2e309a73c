import { tokenize } from '../../support/engines/tiny-vocabulary.js';
import { expect } from '@jest/globals';
import { type ConformanceCase, GREEDY, PROMPT, SEEDED } from '../conformance-case.js';

const IDS = tokenize(PROMPT);
const OTHER_IDS = tokenize('Once upon a time');
const PROMPTS = [PROMPT, 'Once upon a time', 'Hello world'];

export const PROMPT_CASES: ConformanceCase[] = [
  { name: 'a text', body: GREEDY },
  { name: 'a text, with a seed', body: SEEDED },
  { name: 'a text, and nothing else', body: { prompt: PROMPT } },
  { name: 'an empty text', body: { prompt: '', temperature: 0, max_tokens: 4 } },
  { name: 'a text of characters of several bytes', body: { ...SEEDED, prompt: 'Señor Muñoz 🦊 – „Zażółć” 中文: ' } },
  { name: 'a text of several lines', body: { ...SEEDED, prompt: 'Once\n\nupon\r\n\ta "time" \\ \u2028.' } },
  { name: 'a list of one text', body: { ...GREEDY, prompt: [PROMPT] } },
  { name: 'a list of texts', body: { ...GREEDY, prompt: PROMPTS } },
  { name: 'a list of texts, with a seed', body: { ...SEEDED, prompt: PROMPTS } },
  { name: 'a list of as many texts as there are twice over', body: { ...SEEDED, prompt: [...PROMPTS, ...PROMPTS] } },
  { name: 'token ids', body: { ...GREEDY, prompt: IDS } },
  { name: 'a list of one list of token ids', body: { ...GREEDY, prompt: [IDS] } },
  { name: 'lists of token ids', body: { ...SEEDED, prompt: [IDS, OTHER_IDS] } },
  { name: 'token ids with log probabilities', body: { ...SEEDED, prompt: IDS, logprobs: 2 } },
  { name: 'n = 1', body: { ...SEEDED, n: 1 } },
  {
    name: 'n = 3',
    body: { ...SEEDED, n: 3 },
    check: ({ choices }) => expect(new Set(choices.map(({ text }) => text)).size).toBeGreaterThan(1),
  },
  { name: 'n = 3 without a seed', body: { prompt: PROMPT, n: 3, max_tokens: 4 } },
  {
    name: 'n = 3 at temperature 0',
    body: { ...GREEDY, n: 3 },
    check: ({ choices }) => expect(new Set(choices.map(({ text }) => text)).size).toBe(1),
  },
  { name: 'n = 6, more than slots and parts at a time', body: { ...SEEDED, n: 6, max_tokens: 4 } },
  { name: 'n = 2 with the largest seed', body: { ...GREEDY, n: 2, seed: Number.MAX_SAFE_INTEGER } },
  { name: 'n = 2 with log probabilities', body: { ...SEEDED, n: 2, logprobs: 1 } },
  { name: 'a list of texts × n', body: { ...SEEDED, prompt: PROMPTS, n: 2 } },
  { name: 'a list of texts × n, echoed', body: { ...SEEDED, prompt: PROMPTS, n: 2, echo: true } },
  { name: 'lists of token ids × n', body: { ...SEEDED, prompt: [IDS, OTHER_IDS], n: 2 } },
  {
    name: 'a list of texts × n, with the usage',
    body: { ...SEEDED, prompt: PROMPTS, n: 2, stream_options: { include_usage: true } },
  },
];
