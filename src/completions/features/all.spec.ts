import { describe, expect, it } from '@jest/globals';
import { FEATURE_NAMES, NEVER_EMULATED } from '../../engines/feature-names.js';
import { FEATURES } from './all.js';

describe('the features', () => {
  it('have the names that profiles use', () => {
    expect(FEATURES.map(({ name }) => name)).toEqual(FEATURE_NAMES);
  });

  it('have an emulation wherever a configuration may ask for one', () => {
    const never = FEATURES.filter(({ emulation }) => !emulation).map(({ name }) => name);
    expect(never).toEqual(NEVER_EMULATED);
  });
});
