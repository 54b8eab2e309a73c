import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { StopScanner, StopStrings } from './stop-scanner.js';

/** What comes out of each push, and at the end. */
function scan(stops: string[], pieces: string[]): { released: string[]; stopped: boolean } {
  const scanner = new StopScanner(stops);
  const released: string[] = [];
  for (const piece of pieces) {
    const { text, stopped } = scanner.push(piece);
    released.push(text);
    if (stopped) return { released, stopped };
  }
  return { released: [...released, scanner.finish()], stopped: false };
}

describe('StopScanner', () => {
  it('releases text at once that cannot begin a stop string', () => {
    expect(scan(['END'], ['one ', 'two']).released).toEqual(['one ', 'two', '']);
  });

  it('holds back what may become a stop string, and drops it when it does', () => {
    expect(scan(['END'], ['one E', 'N', 'D two'])).toEqual({ released: ['one ', '', ''], stopped: true });
  });

  it('gives back what was held when no stop string comes of it', () => {
    expect(scan(['END'], ['one E', 'N', 'ough', 'E']).released).toEqual(['one ', '', 'ENough', '', 'E']);
  });

  it('cuts at the first of several stop strings', () => {
    expect(scan(['x', 'b'], ['abx'])).toEqual({ released: ['a'], stopped: true });
  });

  it('finds a stop string that begins in what another one held back', () => {
    expect(scan(['aab'], ['aa', 'ab'])).toEqual({ released: ['', 'a'], stopped: true });
  });

  it('keeps the stop string where it is part of the text, and then holds nothing back', () => {
    const scanner = new StopScanner(['END', 'DING'], true);
    expect(scanner.push('one E')).toEqual({ text: 'one E', stopped: false });
    expect(scanner.push('NDING two')).toEqual({ text: 'ND', stopped: true });
  });

  it('lets a stop string pass that ends too early, and finds one that ends later', () => {
    const scanner = new StopScanner(['aa', 'bc']);
    expect(scanner.push('aab', true)).toEqual({ text: 'aa', stopped: false });
    expect(scanner.push('c')).toEqual({ text: '', stopped: true });
    const overlapping = new StopScanner(['abab']);
    expect(overlapping.push('abab', true)).toEqual({ text: 'ab', stopped: false });
    expect(overlapping.push('ab.')).toEqual({ text: '', stopped: true });
  });

  it('comes to the same text however the text is cut', () => {
    const letters = (maxLength: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength });
    fc.assert(
      fc.property(fc.array(letters(4), { maxLength: 12 }), fc.array(letters(3), { maxLength: 4 }), (pieces, stops) => {
        const text = pieces.join('');
        const found = stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
        const { released, stopped } = scan(stops, pieces);
        expect(stopped).toBe(found.length > 0);
        // A longer stop string that begins earlier may still be incomplete when a shorter one ends.
        if (!stopped) expect(released.join('')).toBe(text);
        else for (const stop of stops) expect(released.join('')).not.toContain(stop);
        expect(text.startsWith(released.join(''))).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('releases as soon as can be, and holds back as little as can be', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 12 }), fc.array(letters, { maxLength: 4 }), (pieces, stops) => {
        const scanner = new StopScanner(stops);
        let text = '';
        let released = '';
        for (const piece of pieces) {
          text += piece;
          const push = scanner.push(piece);
          released += push.text;
          if (push.stopped) return;
          const isBegin = (end: string): boolean => stops.some((stop) => stop.startsWith(end));
          const held = Array.from(text, (_, at) => text.slice(at)).find(isBegin) ?? '';
          expect(released + held).toBe(text);
        }
      }),
      { numRuns: 5_000, seed: 1 },
    );
  });

  it('looks at each character a few times at most, however long the stop strings are, and however much they repeat', () => {
    const words = fc.constantFrom('a', 'ab', 'aab', 'abaab');
    const repeated = fc.tuple(words, fc.integer({ min: 1, max: 60 })).map(([word, times]) => word.repeat(times));
    const stop = fc.tuple(repeated, fc.constantFrom('', 'a', 'b', 'c')).map(([begin, end]) => begin + end);
    const looked = jest.spyOn(String.prototype, 'charCodeAt');
    fc.assert(
      fc.property(
        fc.array(repeated, { maxLength: 15 }),
        fc.array(stop, { minLength: 1, maxLength: 4 }),
        (text, all) => {
          const stops = new StopStrings(all);
          looked.mockClear();
          const scanner = new StopScanner(stops);
          for (const piece of text) if (scanner.push(piece).stopped) break;
          // The character, and that of the stop string with which it is compared: at most twice for each that is pushed.
          expect(looked.mock.calls.length).toBeLessThanOrEqual(5 * text.join('').length * all.length);
        },
      ),
      { numRuns: 100, seed: 1 },
    );
    looked.mockClear();
    new StopStrings(['ab'.repeat(10_000)]);
    expect(looked.mock.calls.length).toBeLessThanOrEqual(5 * 20_000);
    looked.mockRestore();
  });
});
