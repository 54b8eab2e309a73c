import { describe, expect, it } from '@jest/globals';
import { JsonLinesParser } from './json-lines.js';
import { UpstreamError } from './upstream-error.js';

/** All lines, the bytes arriving in pieces of `size`. */
function linesOf(text: string, size: number): string[] {
  const parser = new JsonLinesParser();
  const bytes = Buffer.from(text);
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += size) lines.push(...parser.push(bytes.subarray(at, at + size)));
  const last = parser.end();
  return last === undefined ? lines : [...lines, last];
}

describe('newline-delimited JSON', () => {
  it.each([1, 2, 3, 7, 1000])('is one message a line, in pieces of %d bytes', (size) => {
    expect(linesOf('{"a":"🦊"}\n\n{"b":1}\r\n{"c":2}', size).map((line) => line.trim())).toEqual([
      '{"a":"🦊"}',
      '{"b":1}',
      '{"c":2}',
    ]);
  });

  it('breaks off a line that does not end', () => {
    const parser = new JsonLinesParser();
    const piece = Buffer.alloc(9 * 1024 * 1024, 'x');
    parser.push(piece);
    expect(() => parser.push(piece)).toThrow(UpstreamError);
  });
});
