import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CONTRACT_SAMPLING, generate, type Sampling, scoreAll, topOf } from '../support/engines/tiny-model.js';
import { arrange, bytesOf, END, nameOf, textOf, tokenize, tokenOf } from '../support/engines/tiny-vocabulary.js';

function tokensOf(prompt: readonly number[], sampling: Partial<Sampling> = {}, seed = 1, count = 20): number[] {
  return [...generate(prompt, { ...CONTRACT_SAMPLING, ...sampling }, seed).take(count)].map(({ token }) => token);
}

const PROMPT = tokenize('Once upon a time');

describe('the tiny model', () => {
  it('has tokens for every text', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => textOf(tokenize(text)) === text));
    expect(textOf(tokenize('Zażółć 🦄!'))).toBe('Zażółć 🦄!');
    expect(tokenize('Once upon a time')).toHaveLength(4);
  });

  it('names a part of a character by its bytes', () => {
    expect(tokenize('🦄').map(nameOf)).toEqual([0xf0, 0x9f, 0xa6, 0x84].map((byte) => `bytes:\\x${byte.toString(16)}`));
    expect(nameOf(tokenOf(' 🦊'))).toBe(' 🦊');
    expect(bytesOf(END)).toHaveLength(0);
  });

  it('says the same for the same seed, and something else for another', () => {
    expect(tokensOf(PROMPT)).toEqual(tokensOf(PROMPT));
    expect(tokensOf(PROMPT)).not.toEqual(tokensOf(PROMPT, {}, 2));
    expect(tokensOf(PROMPT, {}, 2 ** 40)).not.toEqual(tokensOf(PROMPT, {}, 2 ** 41));
  });

  it('says the likeliest at temperature 0, whatever the seed', () => {
    const tokens = tokensOf(PROMPT, { temperature: 0 });
    expect(tokensOf(PROMPT, { temperature: 0 }, 2)).toEqual(tokens);
    const [first] = generate(PROMPT, { ...CONTRACT_SAMPLING, temperature: 0 }, 1);
    expect(first && topOf(first, 1)[0]?.token).toBe(first?.token);
  });

  it.each<[name: string, sampling: Partial<Sampling>]>([
    ['top_p', { topP: 1e-6 }],
    ['top_k', { topK: 1 }],
    ['min_p', { minP: 1 }],
  ])('has nothing but the likeliest left with the narrowest %s', (_, sampling) => {
    expect(tokensOf(PROMPT, sampling)).toEqual(tokensOf(PROMPT, { temperature: 0 }));
  });

  it('obeys a bias', () => {
    const token = tokenOf(' fox');
    expect(tokensOf(PROMPT, { logitBias: new Map([[token, 100]]) }, 1, 5)).toEqual(new Array(5).fill(token));
    const [banned = NaN] = tokensOf(PROMPT, { temperature: 0 });
    expect(tokensOf(PROMPT, { temperature: 0, logitBias: new Map([[banned, -100]]) })[0]).not.toBe(banned);
  });

  it.each<[name: string, sampling: Partial<Sampling>]>([
    ['frequency', { frequencyPenalty: 2 }],
    ['presence', { presencePenalty: 2 }],
  ])('repeats itself less with a %s penalty', (_, sampling) => {
    // With this bias one token comes again and again.
    const logitBias = new Map([[tokenOf(' fox'), 14]]);
    const foxesIn = (tokens: number[]): number => tokens.filter((token) => token === tokenOf(' fox')).length;
    const plain = foxesIn(tokensOf(PROMPT, { logitBias }));
    expect(foxesIn(tokensOf(PROMPT, { logitBias, ...sampling }))).toBeLessThan(plain);
  });

  it('says something else before another suffix', () => {
    const gap = (suffix: string): number[] => tokensOf(arrange(PROMPT, suffix), { temperature: 0 });
    expect(gap(' The end.')).not.toEqual(gap(' home.'));
    expect(gap('')).toEqual(tokensOf(PROMPT, { temperature: 0 }));
  });

  it('ends now and then by itself', () => {
    const lengths = Array.from({ length: 30 }, (_, seed) => tokensOf(PROMPT, {}, seed).length);
    expect(lengths.some((length) => length < 20)).toBe(true);
    expect(lengths.filter((length) => length === 20).length).toBeGreaterThan(10);
    const endless = Array.from({ length: 30 }, (_, seed) => tokensOf(PROMPT, { ignoresEnd: true }, seed).length);
    expect(endless).toEqual(new Array(30).fill(20));
  });

  it('scores a text as it would have scored it when it said it', () => {
    const said = [...generate(PROMPT, CONTRACT_SAMPLING, 1).take(10)];
    const text = [...PROMPT, ...said.map(({ token }) => token)];
    const scores = scoreAll(text);
    expect(scores[0]).toBeUndefined();
    expect(scores.slice(PROMPT.length).map((scored) => scored?.logprob)).toEqual(said.map(({ logprob }) => logprob));
    const [{ next } = { next: undefined }] = said;
    expect(next?.logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 10);
  });
});
