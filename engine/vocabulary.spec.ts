import { describe, expect, it } from '@jest/globals';
import { Vocabulary } from './vocabulary.js';

function vocabularyOf(
  tokenizerModel: string,
  spellings: string[],
  control: number[] = [],
  verbatim: number[] = [],
): Vocabulary {
  const kindOf = (token: number): { isControl: boolean; isVerbatim: boolean } => ({
    isControl: control.includes(token),
    isVerbatim: verbatim.includes(token),
  });
  return new Vocabulary({ tokenizerModel, spellings, kindOf });
}

describe('Vocabulary', () => {
  it('reads the byte alphabet of GPT-2', () => {
    const vocabulary = vocabularyOf('gpt2', ['Ġupon', 'Ċ', 'Ã©', 'âĢ', 'Ł', 'ł', 'Ń']);
    const bytes = Array.from({ length: vocabulary.size }, (_, token) => [...vocabulary.bytesOf(token)]);
    expect(bytes).toEqual([[...Buffer.from(' upon')], [10], [0xc3, 0xa9], [0xe2, 0x80], [0x9f], [0xa0], [0xad]]);
  });

  it('reads the spelling of SentencePiece', () => {
    const vocabulary = vocabularyOf('llama', ['▁upon', '<0x0A>', 'é', '<0xE2>']);
    const bytes = Array.from({ length: vocabulary.size }, (_, token) => [...vocabulary.bytesOf(token)]);
    expect(bytes).toEqual([[...Buffer.from(' upon')], [10], [0xc3, 0xa9], [0xe2]]);
  });

  it('takes added tokens as they stand', () => {
    const vocabulary = vocabularyOf('gpt2', ['Ġ', 'tool call'], [], [0]);
    expect([0, 1].map((token) => Buffer.from(vocabulary.bytesOf(token)).toString())).toEqual(['Ġ', 'tool call']);
  });

  it('gives control tokens a name, no text, and in a prompt what was written for them', () => {
    const vocabulary = vocabularyOf('gpt2', ['<|endoftext|>', 'a'], [0]);
    expect(vocabulary.nameOf(0)).toBe('<|endoftext|>');
    expect(vocabulary.bytesOf(0)).toHaveLength(0);
    expect(vocabulary.promptTextOf([0, 1, 0])).toBe('<|endoftext|>a<|endoftext|>');
  });

  it('names a part of a character as OpenAI does', () => {
    expect(vocabularyOf('gpt2', ['ĠâĢ']).nameOf(0)).toBe(String.raw`bytes: \xe2\x80`);
  });
});
