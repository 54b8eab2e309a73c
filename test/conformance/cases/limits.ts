import { expect } from '@jest/globals';
import { type ConformanceCase, GREEDY, PROMPT, SEEDED } from '../conformance-case.js';

/** The only text without `stop` strings whose length is known: a bias keeps it from ending by itself. */
const ENDLESS = { prompt: PROMPT, seed: 3, logit_bias: { '0': -100 } };

export const LIMIT_CASES: ConformanceCase[] = [
  {
    name: 'no max_tokens, which is 16',
    body: { prompt: PROMPT, temperature: 0, stream_options: { include_usage: true } },
  },
  { name: 'max_tokens null, which is 16', body: { prompt: PROMPT, temperature: 0, max_tokens: null } },
  {
    name: 'max_tokens 0',
    body: { prompt: PROMPT, max_tokens: 0, stream_options: { include_usage: true } },
    check: ({ choices }) => expect(choices[0]?.text).toBe(''),
  },
  { name: 'max_tokens 0 with n = 2', body: { prompt: PROMPT, max_tokens: 0, n: 2 } },
  { name: 'max_tokens 0 with log probabilities', body: { prompt: PROMPT, max_tokens: 0, logprobs: 1 } },
  { name: 'max_tokens 1', body: { ...GREEDY, max_tokens: 1 } },
  { name: 'max_tokens 5', body: { ...GREEDY, max_tokens: 5 } },
  { name: 'more tokens than the text has', body: { prompt: 'Hello world', temperature: 0, max_tokens: 60 } },
  { name: 'a text that does not end by itself', body: { ...ENDLESS, max_tokens: 30 } },
  {
    name: 'stop as a text',
    told: GREEDY,
    body: (text) => ({ ...GREEDY, stop: firstWords(text, 3).slice(-3) }),
  },
  {
    name: 'stop as a list of one',
    told: GREEDY,
    body: (text) => ({ ...GREEDY, stop: [firstWords(text, 4).slice(-4)] }),
  },
  {
    name: 'stop as a list of four, of which one comes',
    told: GREEDY,
    body: (text) => ({ ...GREEDY, stop: ['xyz', 'qqq', firstWords(text, 3).slice(-2), '123'] }),
  },
  {
    name: 'stop that begins in one token and ends in another',
    told: GREEDY,
    body: (text) => ({ ...GREEDY, stop: acrossBorder(text) }),
    check: ({ choices }, { stop }) => expect(choices[0]?.text).not.toContain(String(stop)),
  },
  {
    name: 'stop that begins as one that does not come',
    told: GREEDY,
    body: (text) => ({ ...GREEDY, stop: [`${acrossBorder(text)}ZZZ`, `${text.slice(-1)}Q`] }),
  },
  {
    name: 'stop with log probabilities',
    told: GREEDY,
    body: (text) => ({ ...GREEDY, logprobs: 1, stop: firstWords(text, 4).slice(-3) }),
  },
  {
    name: 'stop at the very begin',
    told: GREEDY,
    body: (text) => ({ ...GREEDY, stop: text.slice(0, 2) }),
    check: ({ choices }) => expect(choices[0]).toMatchObject({ text: '', finish_reason: 'stop' }),
  },
  {
    name: 'stop with the usage, n = 2',
    told: SEEDED,
    body: (text) => ({
      ...SEEDED,
      n: 2,
      stop: [firstWords(text, 3).slice(-2)],
      stream_options: { include_usage: true },
    }),
  },
  { name: 'an empty list of stops', body: { ...GREEDY, stop: [] } },
];

/** The text up to the end of its `count`th word. */
function firstWords(text: string, count: number): string {
  return (/^(\s*\S+)/.exec(text) ? text.match(/\s*\S+/g) : [])?.slice(0, count).join('') ?? '';
}

/** Some characters on both sides of the second space: it begins a token. */
function acrossBorder(text: string): string {
  const at = text.indexOf(' ', text.indexOf(' ', 1) + 1);
  return text.slice(at - 2, at + 3);
}
