import type { EngineProfile } from '../../engines/engine-profile.js';
import type { SentBody } from '../dialects/dialect.js';
import type { Feature } from './feature.js';

const CONTRACT_DEFAULTS = { temperature: 1, top_p: 1 };

export const samplingDefaults: Feature = {
  name: 'sampling_defaults',
  param: 'temperature',
  asks: 'no sampling options, which means `temperature` 1 and `top_p` 1 and no others',
  isAsked: ({ temperature, top_p: topP }) => typeof temperature !== 'number' || typeof topP !== 'number',
  emulation: { how: 'they are sent' },
};

/** Sent when the client sets no value; the engine's own defaults differ. */
export function defaultsFor({ capabilities, samplingDefaults: own }: EngineProfile): SentBody {
  return capabilities.sampling_defaults === 'emulate' ? { ...(own ?? CONTRACT_DEFAULTS) } : {};
}

export const topPOne: Feature = {
  name: 'top_p_one',
  param: 'top_p',
  asks: '`top_p` 1',
  isAsked: (body) => body.top_p === 1,
  emulation: {
    how: 'it is left out',
    rewrite: (sent) => {
      sent.top_p = undefined;
    },
  },
};

/** Engines that reject 0 accept it; no more than one token is left. */
const ALMOST_ZERO = 1e-9;

export const topPZero: Feature = {
  name: 'top_p_zero',
  param: 'top_p',
  asks: '`top_p` 0: the likeliest token alone',
  isAsked: (body) => body.top_p === 0,
  emulation: {
    how: `${ALMOST_ZERO} is sent`,
    rewrite: (sent) => {
      sent.top_p = ALMOST_ZERO;
    },
  },
};

export const seed: Feature = {
  name: 'seed',
  param: 'seed',
  asks: 'the same text for the same seed',
  isAsked: (body) => (body.seed ?? null) !== null,
};
