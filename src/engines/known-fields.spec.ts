import { describe, expect, it } from '@jest/globals';
import { fields, whyNotSent } from './known-fields.js';

const KNOWN = {
  ...fields('top_k'),
  n_predict: { instead: 'max_tokens' },
  structured: { since: '0.11' },
  guided: { before: '0.12.0' },
  ids: { notWith: 'echo' },
};

const why = (path: string, version?: string, ...given: string[]): string | undefined =>
  whyNotSent(KNOWN, path, version, (name) => given.includes(name));

describe('the fields that an engine is known to take', () => {
  it('are sent', () => {
    expect(why('top_k')).toBeUndefined();
  });

  it.each(['top_q', 'constructor', '__proto__'])('do not include %s', (path) => {
    expect(why(path)).toMatch(/extraParameters: forward/);
  });

  it('are refused where the contract has a name for them, which is told', () => {
    expect(why('n_predict')).toBe('use `max_tokens`');
  });

  it.each([
    ['structured', '0.10.2', false],
    ['structured', '0.11.0+cpu', true],
    ['structured', 'v1', true],
    ['structured', undefined, true],
    // A build that cannot be compared is taken for the newest.
    ['structured', 'b10434-1fa9c8e', true],
    ['guided', 'b10434-1fa9c8e', false],
    ['guided', '0.11.9', true],
    ['guided', '0.12.0rc1', false],
    ['guided', undefined, false],
  ])('%s of version %s: sent is %s', (path, version, isSent) => {
    expect(why(path, version) === undefined).toBe(isSent);
  });

  it('are refused beside what the engine then does wrongly', () => {
    expect(why('ids')).toBeUndefined();
    expect(why('ids', undefined, 'echo')).toContain('`echo`');
  });
});
