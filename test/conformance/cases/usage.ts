import { expect } from '@jest/globals';
import { type ConformanceCase, GREEDY, PROMPT, SEEDED } from '../conformance-case.js';

const OPTIONAL = [
  ...['best_of', 'echo', 'frequency_penalty', 'logit_bias', 'logprobs', 'max_tokens', 'n', 'presence_penalty', 'seed'],
  ...['stop', 'stream', 'stream_options', 'suffix', 'temperature', 'top_p', 'user'],
];
const NULLS = Object.fromEntries(OPTIONAL.map((name) => [name, null]));

export const USAGE_CASES: ConformanceCase[] = [
  { name: 'the usage, when asked', ways: ['stream'], body: { ...GREEDY, stream_options: { include_usage: true } } },
  {
    name: 'no usage, when not asked',
    ways: ['stream'],
    body: GREEDY,
    check: ({ usage }) => expect(usage).toBeUndefined(),
  },
  {
    name: 'no usage, when asked not to',
    ways: ['stream'],
    body: { ...GREEDY, stream_options: { include_usage: false } },
  },
  { name: 'stream_options null', body: { ...GREEDY, stream_options: null } },
  { name: 'stream_options with nulls', body: { ...GREEDY, stream_options: { include_usage: null } } },
  {
    name: 'stream_options without stream',
    ways: ['json'],
    body: { ...GREEDY, stream_options: { include_usage: true } },
  },
  { name: 'stream: false', ways: ['json'], body: { ...GREEDY, stream: false } },
  {
    name: 'the usage of n choices',
    ways: ['stream'],
    body: { ...SEEDED, n: 3, stream_options: { include_usage: true } },
  },
  { name: 'null for every optional field', body: { ...NULLS, prompt: PROMPT } },
  { name: 'null for every optional field but the temperature', body: { ...NULLS, prompt: PROMPT, temperature: 0 } },
  {
    name: 'what every default is, said',
    body: {
      ...{
        prompt: PROMPT,
        seed: 4,
        best_of: 1,
        echo: false,
        frequency_penalty: 0,
        logit_bias: {},
        max_tokens: 16,
        n: 1,
      },
      ...{ presence_penalty: 0, stop: null, suffix: '', temperature: 1, top_p: 1, user: '' },
    },
  },
];
