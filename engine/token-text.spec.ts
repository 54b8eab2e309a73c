import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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

describe('TokenText releases whole tokens', () => {
  it('holds a token back whose last characters may begin a stop string, whole', () => {
    const { texts, released } = pushAll(['e zzz'], ['Once', ' upon', ' the', ' tree']);
    expect(texts).toEqual(['', 'Once upon', '', ' the', ' tree']);
    expect(released).toEqual([[], ['Once', ' upon'], [], [' the'], [' tree']]);
  });

  it('holds back what comes before an incomplete character in the same token', () => {
    expect(pushAll([], ['a', [0x62, 0xe2], [0x80], [0x94, 0x63], 'd'])).toEqual({
      texts: ['a', '', '', 'b—c', 'd', ''],
      released: [['a'], [], [], ['98,226', '128', '148,99'], ['d'], []],
      offsets: [0, 1, 2, 2, 4],
    });
  });

  it('releases a token without text as soon as nothing is held back', () => {
    const { released } = pushAll(['e zzz'], ['a', [], 'e', [], 'f']);
    expect(released).toEqual([['a'], [''], [], [], ['e', '', 'f'], []]);
  });

  it('however a text is cut into tokens: the text sent is that of the tokens released', () => {
    const bytes = fc.constantFrom(...Buffer.from('aab🦊é—'), 0xff, 0xf5, 0xc0);
    const token = fc.array(bytes, { maxLength: 4 });
    const stops = fc.uniqueArray(fc.constantFrom('ab', 'aaa', 'b🦊', '🦊a', 'é'), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), stops, (tokens, stop) => {
        const text = new TokenText<number[]>(stop);
        let sent = '';
        const released: number[] = [];
        for (const each of tokens) {
          const piece = text.push(each, Uint8Array.from(each));
          if (piece.stopped) return;
          sent += piece.text;
          released.push(...piece.tokens.flatMap(({ value }) => value));
          expect(Buffer.from(released).toString()).toBe(sent);
        }
        const last = text.finish();
        released.push(...last.tokens.flatMap(({ value }) => value));
        expect(released).toEqual(tokens.flat());
        const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(released), { stream: true });
        expect(sent + last.text).toBe(whole);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('the last piece', () => {
  const pushStart = (text: TokenText<string>): void => {
    for (const token of ['Well', ' be']) text.push(token, Buffer.from(token));
  };

  it('names the tokens that a stop string cuts off', () => {
    const text = new TokenText<string>(['end me']);
    pushStart(text);
    text.push('nd', Buffer.from('nd'));
    const { text: last, tokens, dropped } = text.push(' me', Buffer.from(' me'));
    expect([last, tokens.map(({ value }) => value), dropped]).toEqual([' b', [' be'], ['nd', ' me']]);
  });

  it('ends with the stop string where that is kept', () => {
    const text = new TokenText<string>(['end'], true);
    pushStart(text);
    const { stopped, dropped, ...last } = text.push('nding', Buffer.from('nding'));
    expect([stopped, last.text, last.tokens.length, dropped]).toEqual([true, 'nd', 1, []]);
  });
});

describe('lengthInCodePoints', () => {
  it('counts characters, not UTF-16 units', () => {
    expect(['', 'abc', 'é🙂'].map(lengthInCodePoints)).toEqual([0, 3, 2]);
  });
});
