import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GrowingBytes } from './growing-bytes.js';

describe('growing bytes', () => {
  it('are all that came, in the order in which it came', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(pieces, pieces, (first, second) => {
        const bytes = new GrowingBytes();
        for (const round of [first, second]) {
          for (const piece of round) bytes.append(Buffer.from(piece));
          const whole = Buffer.concat(round);
          expect(bytes.length).toBe(whole.length);
          expect(bytes.take().equals(whole)).toBe(true);
          expect(bytes.length).toBe(0);
        }
      }),
    );
  });

  it('are one piece as it came, and never write into it', () => {
    const source = Buffer.from('abcdef');
    const bytes = new GrowingBytes();
    bytes.append(source.subarray(0, 3));
    expect(bytes.take().buffer).toBe(source.buffer);
    bytes.append(source.subarray(0, 3));
    bytes.append(Buffer.from('x'));
    expect(String(bytes.take())).toBe('abcx');
    expect(String(source)).toBe('abcdef');
  });

  it('that came one by one are held in at most four times their size', () => {
    const bytes = new GrowingBytes();
    for (let count = 0; count < 100_000; count++) bytes.append(Buffer.of(count));
    expect(bytes.take().buffer.byteLength).toBeLessThanOrEqual(400_000);
  });

  it('whose number is known are held in no more', () => {
    const bytes = new GrowingBytes(100_000);
    for (let count = 0; count < 100_000; count++) bytes.append(Buffer.of(count));
    expect(bytes.take().buffer.byteLength).toBe(100_000);
  });
});
