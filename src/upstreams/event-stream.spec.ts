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
    lineEnds: fc.array(fc.constantFrom('\n', '\r\n', '\r'), { minLength: 5, maxLength: 5 }),
    noise: fc.constantFrom(
      '',
      ': ping',
      ':',
      'event: message',
      'id: 7',
      'retry: 10',
      'data-like: x',
      'dat',
      'data_',
      ' data: x',
    ),
    space: fc.boolean(),
  })
  .map(({ lines, lineEnds, noise, space }) => {
    // One space after the colon is not data: a line that begins with one needs another.
    const data = lines.map((text) => {
      if (text === '' && !space) return 'data';
      return `data:${space || text.startsWith(' ') ? ' ' : ''}${text}`;
    });
    const texts = [...(noise === '' ? [] : [noise]), ...data, ''];
    // CR and an LF behind it would be one line end.
    const written = texts
      .map((text, at) => `${text}${lineEnds[at] ?? ''}`)
      .join('')
      .replace(/(?<![\r\n])\r\n$/, '\r\r');
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
        const text = events.map(({ written }) => written).join('');
        const data = events.map((each) => each.data);
        expect(parse(cutAt(Buffer.from(text), shares))).toEqual(data);
        expect(parse(cutAt(Buffer.from(`\ufeff${text}`), shares))).toEqual(data);
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
    ['empty data', 'data:\n\ndata\n\n', ['', '']],
    ['two empty lines of data', 'data\ndata\n\n', ['\n']],
    ['more than one space', 'data:  a \n\n', [' a ']],
    ['a byte order mark that is not the first', '\ufeff\ufeffdata: a\n\ndata: b\n\n', ['b']],
    ['CR alone', 'data: a\r\rdata: b\rdata: c\r\r', ['a', 'b\nc']],
    ['all line ends', 'data: a\r\n\rdata: b\n\r\ndata: c\r\r\n', ['a', 'b', 'c']],
    ['other fields', 'event: x\nid: 1\nretry: 5\nDATA: y\ndata : z\ndata: a\n\nevent: b\n\n', ['a']],
  ])('of %s', (_, text, events) => {
    expect(parseText(text)).toEqual(events);
  });

  it.each([
    ['a line', () => Buffer.alloc(1024 * 1024, 'x')],
    ['an event', () => Buffer.from(`data: ${'x'.repeat(1024 * 1024)}\n`)],
    ['an event of very many lines', () => Buffer.from('data:x\n'.repeat(10_000))],
  ])('gives %s up that does not end', (_, piece) => {
    const parser = new EventStreamParser();
    const push = (): void => {
      for (let i = 0; i < 17; i++) parser.push(piece());
    };
    expect(push).toThrow(UpstreamError);
  });

  it('reads what formatEvent writes', () => {
    expect(formatEvent('{"a":1}')).toBe('data: {"a":1}\n\n');
    expect(parseText(formatEvent('{"a":1}') + formatEvent('[DONE]'))).toEqual(['{"a":1}', '[DONE]']);
  });
});
