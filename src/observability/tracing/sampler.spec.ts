import { describe, expect, it } from '@jest/globals';
import { samplerOf } from './sampler.js';

const LOW = '0af7651916cd43dd8000000000000001';
const HIGH = '0af7651916cd43dd80ffffffffffffff';

describe('the sampler', () => {
  it.each([
    ['always_on', 0, [true, true, true]],
    ['always_off', 1, [false, false, false]],
    ['traceidratio', 0.5, [true, true, true]],
    ['parentbased_always_on', 0, [true, true, false]],
    ['parentbased_always_off', 1, [false, true, false]],
    ['parentbased_traceidratio', 0, [false, true, false]],
  ] as const)(
    '%s decides for a new trace, below a sampled span, and below another',
    (sampler, samplerArgument, all) => {
      const sample = samplerOf({ sampler, samplerArgument } as never);
      expect([sample(LOW, undefined), sample(LOW, true), sample(LOW, false)]).toEqual(all);
    },
  );

  it('goes by the random part of the trace id', () => {
    const sample = samplerOf({ sampler: 'traceidratio', samplerArgument: 0.5 } as never);
    expect([sample(LOW, undefined), sample(HIGH, undefined)]).toEqual([true, false]);
    const all = samplerOf({ sampler: 'traceidratio', samplerArgument: 1 } as never);
    expect(all(HIGH, undefined)).toBe(true);
  });
});
