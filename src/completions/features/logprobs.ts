import { ToLegacyLogprobs } from '../answer/legacy-logprobs.js';
import type { Feature } from './feature.js';

export const logprobs: Feature = {
  name: 'logprobs',
  param: 'logprobs',
  asks: 'log probabilities',
  isAsked: (body) => typeof body.logprobs === 'number',
  fit: ({ body, isEchoed, promptAt, promptLengthAt }) =>
    new ToLegacyLogprobs(body.logprobs ?? 0, isEchoed, promptAt, promptLengthAt),
  emulation: { how: 'converted from the shape of chat completions' },
};

export const logprobsZero: Feature = {
  name: 'logprobs_zero',
  param: 'logprobs',
  asks: '`logprobs` 0: those of the chosen tokens alone',
  isAsked: (body) => body.logprobs === 0,
  needs: ['logprobs'],
  emulation: {
    how: '1 is asked for, and what was not chosen is taken off',
    rewrite: (sent) => {
      sent.logprobs = 1;
    },
  },
};
