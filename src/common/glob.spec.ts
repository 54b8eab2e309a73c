import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Glob } from './glob.js';

/** What a glob means, as a regular expression, which may take very long. */
function toPattern(glob: string): RegExp {
  return new RegExp(`^${glob.split('*').map(RegExp.escape).join('.*')}$`, 's');
}

const letters = (...units: string[]): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...units), maxLength: 10 });

describe('a glob', () => {
  it('matches what the same regular expression matches', () => {
    fc.assert(
      fc.property(letters('a', 'b', '*'), letters('a', 'b'), (glob, name) => {
        expect([glob, name, new Glob(glob).matches(name)]).toEqual([glob, name, toPattern(glob).test(name)]);
      }),
      { numRuns: 10_000, seed: 1 },
    );
  });

  it.each([
    ['a*a', 'a'],
    ['*llama*instruct*', 'llama'.repeat(32_000)],
    ['*a*b*', 'b'.repeat(100_000)],
    ['*ab*ab*ab*ab*ab*c', 'ab'.repeat(100_000)],
  ])('looks for each text of %s once, and never at the same place twice', (glob, name) => {
    const looked = jest.spyOn(String.prototype, 'indexOf');
    const isMatch = new Glob(glob).matches(name);
    const calls = looked.mock.calls.map(([text, from = 0], index) => ({
      from,
      text,
      found: Number(looked.mock.results[index]?.value),
    }));
    looked.mockRestore();
    expect(isMatch).toBe(false);
    expect(calls.length).toBeLessThanOrEqual(glob.split('*').length);
    let searchedTo = 0;
    for (const { from, text, found } of calls) {
      expect(from).toBeGreaterThanOrEqual(searchedTo);
      searchedTo = found === -1 ? name.length : found + text.length;
    }
  });
});
