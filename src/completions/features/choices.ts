import type { Feature, FeatureEmulation } from './feature.js';

const COST = 'as many requests as choices, each of which reads the prompt';

const emulation = (how: string): FeatureEmulation => ({ how, cost: COST, splitsBy: 'choice' });

export const n: Feature = {
  name: 'n',
  param: 'n',
  asks: 'several choices',
  isAsked: (body) => (body.n ?? 1) > 1,
  emulation: emulation('one request for each choice, with `seed + i`'),
};

export const nScoredStream: Feature = {
  name: 'n_scored_stream',
  param: 'n',
  asks: 'several choices of a stream, with `echo` and `logprobs`',
  isAsked: (body) =>
    (body.n ?? 1) > 1 && body.stream === true && body.echo === true && typeof body.logprobs === 'number',
  needs: ['echo_logprobs'],
  emulation: emulation('one request for each choice, with `seed + i`'),
};

export const nGreedy: Feature = {
  name: 'n_greedy',
  param: 'n',
  asks: 'several choices at temperature 0',
  isAsked: (body) => (body.n ?? 1) > 1 && body.temperature === 0,
  emulation: emulation('one request for each choice'),
};
