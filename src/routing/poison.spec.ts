import { beforeEach, describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { Poison } from './poison.js';

const CUT = new UpstreamError('sent', 'reset');
const BROKEN = new UpstreamError('broken', 'reset');
const REFUSED = new UpstreamError('answered', 'HTTP 500', { status: 500 });
const TWICE = new UpstreamError('sent', 'other side closed', { isSecondBreak: true });
const SILENT = new UpstreamError('sent', 'silence', { isTimeout: true });

describe('a request that may be poison', () => {
  let poison: Poison;
  let blamed: string[];

  beforeEach(() => {
    poison = new Poison();
    blamed = [];
  });

  const note = (error: UpstreamError, upstream: string, hasProgressed = false): void => {
    poison.note(error, upstream, hasProgressed, () => blamed.push(upstream));
  };

  it('is found when it has broken two connections, and blames neither upstream', () => {
    note(CUT, 'a');
    expect(poison.isFound).toBe(false);
    note(BROKEN, 'b');
    expect(poison.isFound).toBe(true);
    poison.acquit();
    expect(blamed).toEqual([]);
  });

  it('blames the upstream that broke twice', () => {
    note(CUT, 'a');
    note(CUT, 'a');
    expect(poison.isFound).toBe(true);
    expect(blamed).toEqual(['a', 'a']);
  });

  it('is found at once when a new connection broke behind a kept one, and blames their upstream', () => {
    note(TWICE, 'a');
    expect(poison.isFound).toBe(true);
    expect(blamed).toEqual(['a']);
  });

  it('blames the upstream whose connection was the only one to break', () => {
    note(CUT, 'a');
    expect(blamed).toEqual([]);
    poison.acquit();
    expect(blamed).toEqual(['a']);
    expect(poison.isFound).toBe(false);
  });

  it.each([
    ['an answer with an error', REFUSED, false],
    ['silence', SILENT, false],
    ['a break after tokens', BROKEN, true],
  ])('is not found by %s, which blames the upstream at once', (_, error, hasProgressed) => {
    note(error, 'a', hasProgressed);
    note(error, 'b', hasProgressed);
    expect(poison.isFound).toBe(false);
    expect(blamed).toEqual(['a', 'b']);
  });
});
