import type { Feature } from './feature.js';

export const logitBias: Feature = {
  name: 'logit_bias',
  param: 'logit_bias',
  asks: 'a bias on tokens',
  isAsked: (body) => Object.keys(body.logit_bias ?? {}).length > 0,
  isOmittedUnlessAsked: true,
};

export const frequencyPenalty: Feature = {
  name: 'frequency_penalty',
  param: 'frequency_penalty',
  asks: 'a frequency penalty',
  isAsked: (body) => Boolean(body.frequency_penalty),
};

export const presencePenalty: Feature = {
  name: 'presence_penalty',
  param: 'presence_penalty',
  asks: 'a presence penalty',
  isAsked: (body) => Boolean(body.presence_penalty),
};
