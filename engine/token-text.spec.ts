import { describe, expect, it } from '@jest/globals';
import { lengthInCodePoints } from '../src/common/code-points.js';
import { TokenText } from './token-text.js';

function pushAll(
  stops: string[],
  tokens: (string | number[])[],
): { texts: string[]; released: string[][]; offsets: number[] } {
  const text = new TokenText<string>(stops);
  const pieces: { text: string; tokens: readonly { value: string; offset: number }[] }[] = [];
  let stopped = false;
  for (const token of tokens) {
    const bytes = typeof token === 'string' ? Buffer.from(token) : Uint8Array.from(token);
    const piece = text.push(String(token), bytes);
    pieces.push(piece);
    stopped = piece.stopped;
    if (stopped) break;
  }
  if (!stopped) pieces.push(text.finish());
  return {
    texts: pieces.map((piece) => piece.text),
    released: pieces.map((piece) => piece.tokens.map(({ value }) => value)),
    offsets: pieces.flatMap((piece) => piece.tokens.map(({ offset }) => offset)),
  };
}

describe('TokenText', () => {
  it('releases each token with its text and its offset', () => {
    expect(pushAll([], ['Once', ' upon'])).toEqual({
      texts: ['Once', ' upon', ''],
      released: [['Once'], [' upon'], []],
      offsets: [0, 4],
    });
  });

  it('waits for the end of a character, and counts a surrogate pair as one', () => {
    const { texts, released, offsets } = pushAll([], ['a', [0xf0, 0x9f], [0x99, 0x82], 'b']);
    expect(texts).toEqual(['a', '', '🙂', 'b', '']);
    expect(released).toEqual([['a'], [], ['240,159', '153,130'], ['b'], []]);
    expect(offsets).toEqual([0, 1, 1, 2]);
  });

  it('drops a character that stays incomplete, but not its tokens', () => {
    const { texts, released } = pushAll([], ['a', [0xe2, 0x80]]);
    expect(texts).toEqual(['a', '', '']);
    expect(released).toEqual([['a'], [], ['226,128']]);
  });

  it('writes U+FFFD for bytes that are no character', () => {
    expect(pushAll([], [[0xff], 'a']).texts).toEqual(['\ufffd', 'a', '']);
  });

  it('keeps a byte order mark', () => {
    expect(pushAll([], [[0xef, 0xbb, 0xbf], 'a']).texts).toEqual(['\ufeff', 'a', '']);
  });

  it('releases neither text nor tokens of a stop string', () => {
    const { texts, released } = pushAll(['The end'], ['Yes. ', 'The', ' e', 'nd', 'less']);
    expect(texts).toEqual(['Yes. ', '', '', '']);
    expect(released).toEqual([['Yes. '], [], [], []]);
  });

  it('releases a token that a stop string begins in the middle of', () => {
    const { texts, released } = pushAll(['end'], ['Well', ' bend', ' more']);
    expect(texts).toEqual(['Well', ' b']);
    expect(released).toEqual([['Well'], [' bend']]);
  });
});

describe('lengthInCodePoints', () => {
  it('counts characters, not UTF-16 units', () => {
    expect(['', 'abc', 'é🙂'].map(lengthInCodePoints)).toEqual([0, 3, 2]);
  });
});
