import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PassThrough } from 'node:stream';
import { InterimSkipper } from './interim-skipper.js';

/** What undici reads of a connection on which the pieces come one after the other. */
function read(pieces: readonly string[]): string {
  const socket = new PassThrough();
  new InterimSkipper(socket);
  let text = '';
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    text += (socket.read() as Buffer | null)?.toString('latin1') ?? '';
  }
  return text;
}

const status = (line: string): string => `HTTP/1.1 ${line}\r\nx: y\r\n\r\n`;
const interim = fc.constantFrom('100 Continue', '100 ', '102 Processing', '103 Early Hints', '199 x').map(status);
const answer = fc.constantFrom(
  status('200 OK'),
  status('101 Switching Protocols'),
  'nonsense',
  'HTTP/1',
  'HTTP/2 100 x',
);
const body = fc.constantFrom('', status('100 Continue'), '\u00ff\u0000');

describe('what comes before an answer', () => {
  it('is left out when it is 1xx, whatever the pieces, and nothing else is', () => {
    fc.assert(
      fc.property(
        fc.array(interim, { maxLength: 4 }),
        answer,
        body,
        fc.array(fc.nat(400)),
        (before, said, more, cuts) => {
          const whole = `${before.join('')}${said}`;
          const ends = [...cuts.filter((cut) => cut < whole.length), whole.length].sort((a, b) => a - b);
          const pieces = ends.map((end, at) => whole.slice(ends[at - 1] ?? 0, end));
          // What is not whole may be held back: undici is told of the end of the connection.
          const isHeld = said === 'HTTP/1';
          expect(read([...pieces, more])).toBe(isHeld && more === '' ? '' : said + more);
        },
      ),
    );
  });

  it('is held up to 16 KB', () => {
    const endless = [...Array.from({ length: 20 }, () => status(`100 ${'x'.repeat(1_000)}`)), 'HTTP/1.1 100 x'];
    expect(read(endless)).toContain('HTTP/1.1 100 ');
    expect(read([`HTTP/1.1 100 ${'x'.repeat(20_000)}`])).toHaveLength(20_013);
  });
});
