import { describe, expect, it } from '@jest/globals';
import { FEATURE_NAMES, NEVER_EMULATED } from '../../engines/feature-names.js';
import { FEATURES } from './all.js';

describe('the features', () => {
  it('are those that profiles name, each under its own name', () => {
    expect(FEATURES.map(({ name }) => name)).toEqual(FEATURE_NAMES);
  });

  it('have an emulation, but for those that a configuration may not say is emulated', () => {
    const never = FEATURES.filter(({ emulation }) => !emulation).map(({ name }) => name);
    expect(never).toEqual(NEVER_EMULATED);
  });
});
