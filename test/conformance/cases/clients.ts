import { tokenize } from '../../support/engines/tiny-vocabulary.js';
import type { ConformanceCase } from '../conformance-case.js';

const PROMPTS = ['The cat', 'Once upon a time'];
const NO_PENALTIES = { frequency_penalty: 0, presence_penalty: 0 };
const WITH_USAGE = { stream_options: { include_usage: true } };
/** Contexts with their continuations, as they are scored. */
const SCORED = ['The cat sat.', 'The cat slept.', 'Once upon a time 🦊'].map((text) => tokenize(text));

/** What well-known clients send. */
export const CLIENT_CASES: ConformanceCase[] = [
  {
    name: 'openai, with null for what is undefined',
    body: {
      ...{ prompt: 'The cat', best_of: null, echo: null, frequency_penalty: null, logit_bias: null, logprobs: null },
      ...{ max_tokens: 16, n: null, presence_penalty: null, seed: 1, stop: null, suffix: null, user: null },
    },
  },
  { name: 'LangChain.js', body: { prompt: PROMPTS, temperature: 0, max_tokens: 8, n: 1 } },
  {
    name: 'LangChain for Python',
    ways: ['json'],
    body: {
      ...NO_PENALTIES,
      ...{ prompt: PROMPTS, temperature: 0.7, max_tokens: 24, top_p: 1, n: 1, seed: null, logprobs: null },
    },
  },
  { name: 'AI SDK', ways: ['stream'], body: { prompt: 'The cat', max_tokens: 8, temperature: 0, ...WITH_USAGE } },
  {
    name: 'lm-evaluation-harness, scoring',
    ways: ['json'],
    body: { prompt: SCORED, temperature: 0, max_tokens: 1, logprobs: 1, seed: 1234, echo: true },
  },
  {
    name: 'lm-evaluation-harness, scoring texts',
    ways: ['json'],
    body: { prompt: PROMPTS, temperature: 0, max_tokens: 1, logprobs: 1, seed: 1234, echo: true },
  },
  {
    name: 'lm-evaluation-harness, generating',
    ways: ['json'],
    body: { prompt: PROMPTS, temperature: 0, max_tokens: 32, stop: ['\n\n', '.'], seed: 1234 },
  },
  {
    name: 'vllm bench serve',
    ways: ['stream'],
    body: {
      ...{ prompt: 'The cat', temperature: 0, repetition_penalty: 1, max_tokens: 8, logprobs: null, ignore_eos: true },
      ...WITH_USAGE,
    },
  },
  {
    name: 'guidellm',
    ways: ['stream'],
    body: { prompt: 'The cat', max_tokens: 8, seed: 2, stop: null, ignore_eos: true, ...WITH_USAGE },
  },
  {
    name: 'inference-perf',
    ways: ['stream'],
    body: { prompt: 'The cat', max_tokens: 8, seed: 2, ignore_eos: true, ...WITH_USAGE },
  },
  {
    name: 'Continue',
    ways: ['stream'],
    body: { prompt: 'The cat', max_tokens: 32, temperature: 0.01, seed: 1, stop: ['<|endoftext|>', '\n\n', '/src/'] },
  },
  {
    name: 'Tabby',
    ways: ['stream'],
    body: { prompt: 'The cat', suffix: null, max_tokens: 24, temperature: 0.1, presence_penalty: 0 },
  },
  {
    name: 'promptflow',
    ways: ['json'],
    body: {
      ...NO_PENALTIES,
      ...{
        prompt: 'The cat',
        suffix: null,
        max_tokens: 16,
        temperature: 1,
        top_p: 1,
        n: 1,
        stream: false,
        logprobs: null,
      },
      ...{ echo: false, stop: null, best_of: 1, logit_bias: {}, user: '' },
    },
  },
];
