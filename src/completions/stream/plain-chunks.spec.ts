import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { PlainChunks } from './plain-chunks.js';

const chunkOf = (text: string, others: object = {}): string =>
  JSON.stringify({ id: 'cmpl-1', choices: [{ index: 3, text, finish_reason: null }], usage: null, ...others });

const learned = (data = chunkOf('Hi')): PlainChunks => {
  const plain = new PlainChunks();
  plain.learn(data, 3, undefined);
  return plain;
};

describe('a chunk that differs from the last in its text alone', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('is read by its text, whatever that is, and passed on as it came', () => {
    const plain = learned();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const data = chunkOf(text);
        expect(plain.read(data)).toEqual({ index: 3, text, event: `data: ${data}\n\n` });
      }),
    );
  });

  it('is never parsed whole', () => {
    const plain = learned();
    const parse = jest.spyOn(JSON, 'parse');
    for (let count = 0; count < 100; count++) plain.read(chunkOf(`word ${count}`));
    expect(Math.max(...parse.mock.calls.map(([json]) => json.length))).toBeLessThan('"word 999"'.length);
  });

  it('is rewritten for the client where its event differs', () => {
    const plain = new PlainChunks();
    plain.learn(chunkOf('Hi'), 3, (text) => `data: {"model":"asked","text":${JSON.stringify(text)}}\n\n`);
    expect(plain.read(chunkOf('a "b"'))?.event).toBe('data: {"model":"asked","text":"a \\"b\\""}\n\n');
  });
});

describe('any other chunk', () => {
  it.each([
    ['that ends the choice', chunkOf('', { choices: [{ index: 3, text: '', finish_reason: 'stop' }] })],
    ['of another choice', chunkOf('', { choices: [{ index: 4, text: '', finish_reason: null }] })],
    ['with usage', chunkOf('', { usage: { prompt_tokens: 1 } })],
    ['with more where the text is', chunkOf('x').replace('"x"', '"x","text":"y"')],
    ['with something else where the text is', chunkOf('x').replace('"x"', '5')],
    ['that is no JSON there', chunkOf('x').replace('"x"', '"\\x"')],
    ['that is cut', chunkOf('x').slice(0, -1)],
  ])('%s is not taken for one', (_, data) => {
    expect(learned().read(data)).toBeUndefined();
  });

  it('with a "text" elsewhere is not learned', () => {
    const data = JSON.stringify({ note: '"text":"a"', prompt: { text: 'a' }, choices: [{ text: 'b', index: 3 }] });
    expect(learned(data).read(data.replace('"a"}', '"c"}'))).toBeUndefined();
    const twice = '{"choices":[{"index":3,"text":"a","text":"b"}]}';
    expect(learned(twice).read(twice)).toBeUndefined();
  });
});
