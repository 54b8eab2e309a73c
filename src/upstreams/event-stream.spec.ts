import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventStreamParser, formatEvent } from './event-stream.js';
import { UpstreamError } from './upstream-error.js';

function parse(pieces: readonly Buffer[]): string[] {
  const parser = new EventStreamParser();
  const events = pieces.flatMap((piece) => parser.push(piece));
  const last = parser.end();
  return last === undefined ? events : [...events, last];
}

const parseText = (text: string): string[] => parse([Buffer.from(text)]);

/** A line of data: without a line end, and a lone surrogate is not UTF-8. */
const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\r\n]/.test(text));

/** One event as an engine may write it, and its data. */
const event = fc
  .record({
    lines: fc.array(line, { minLength: 1, maxLength: 3 }),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    noise: fc.constantFrom('', ': ping', ':', 'event: message', 'id: 7', 'retry: 10', 'data-like: x', 'dat'),
    space: fc.boolean(),
  })
  .map(({ lines, lineEnd, noise, space }) => {
    // One space after the colon is not data: a line that begins with one needs another.
    const data = lines.map((text) => `data:${space || text.startsWith(' ') ? ' ' : ''}${text}`);
    const written = [...(noise === '' ? [] : [noise]), ...data, ''].map((text) => text + lineEnd).join('');
    return { written, data: lines.join('\n') };
  });

/** The same bytes in pieces. */
const cutAt = (bytes: Buffer, shares: number[]): Buffer[] => {
  const ends = shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};

describe('an event stream', () => {
  it('reads the same whatever the pieces', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), fc.array(share, { maxLength: 12 }), (events, shares) => {
        const bytes = Buffer.from(events.map(({ written }) => written).join(''));
        expect(parse(cutAt(bytes, shares))).toEqual(events.map(({ data }) => data));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads the same byte by byte, characters of four bytes and CRLF included', () => {
    const text = 'data: 🦊\r\n\r\n: ping\r\n\r\ndata:é\r\ndata: x\r\n\r\n';
    const bytes = Array.from(Buffer.from(text), (byte) => Buffer.of(byte));
    expect(parse(bytes)).toEqual(['🦊', 'é\nx']);
    expect(parseText(text)).toEqual(['🦊', 'é\nx']);
  });

  it.each([
    ['an event that lacks its blank line', 'data: a\n\ndata: b\n', ['a', 'b']],
    ['an event that lacks its line end', 'data: a\n\ndata: b', ['a', 'b']],
    ['nothing', '', []],
    ['comments only', ': one\n\n:\n\n', []],
    ['blank lines only', '\n\n\r\n\n', []],
    ['empty data', 'data:\n\ndata\n\n', ['']],
  ])('of %s', (_, text, events) => {
    expect(parseText(text)).toEqual(events);
  });

  it.each([
    ['a line', () => Buffer.alloc(1024 * 1024, 'x')],
    ['an event', () => Buffer.from(`data: ${'x'.repeat(1024 * 1024)}\n`)],
  ])('gives %s up that does not end', (_, piece) => {
    const parser = new EventStreamParser();
    const push = (): void => {
      for (let i = 0; i < 17; i++) parser.push(piece());
    };
    expect(push).toThrow(UpstreamError);
  });

  it('reads what it writes', () => {
    expect(formatEvent('{"a":1}')).toBe('data: {"a":1}\n\n');
    expect(parseText(formatEvent('{"a":1}') + formatEvent('[DONE]'))).toEqual(['{"a":1}', '[DONE]']);
  });
});
