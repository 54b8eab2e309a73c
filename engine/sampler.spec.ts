import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Detail, type Logits, NO_REST } from './logits.js';
import { type Adjustments, choose, Sampler, type SamplingOptions } from './sampler.js';

const NONE: ReadonlySet<number> = new Set();
const NO_ADJUSTMENTS: Adjustments = { adjusted: NONE, adjustment: () => 0, banned: NONE };

const PLAIN: SamplingOptions = {
  ...{ temperature: 1, topP: 1, topK: Infinity, minP: 0 },
  ...{ frequencyPenalty: 0, presencePenalty: 0, repetitionPenalty: 1, logitBias: new Map() },
  ...{ banned: NONE, minTokens: 0, bannedAtFirst: NONE },
};

/** Complete logits of a vocabulary whose token `i` has the `i`-th logit. */
function complete(logits: readonly number[]): Logits {
  const order = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
  const largest = Math.max(...logits);
  const values = Float64Array.from(order, (token) => (logits[token] ?? 0) - largest);
  return { tokens: order, values, rest: NO_REST, largest };
}

/** The first `size` of them, and what llama.cpp tells of the rest. */
function windowOf(logits: Logits, size: number, detail: Detail): Logits {
  if (detail === 'all' || size >= logits.tokens.length) return logits;
  const mass = logits.values.slice(size).reduce((sum, value) => sum + Math.exp(value), 0);
  const count = logits.tokens.length - size;
  const bound = count * Math.exp(logits.values[size - 1] ?? 0);
  const rest =
    detail === 'window'
      ? { count, massLow: 0, massHigh: bound }
      : { count, massLow: mass * 0.999, massHigh: Math.min(bound, mass * 1.001) };
  return { ...logits, tokens: logits.tokens.slice(0, size), values: logits.values.slice(0, size), rest };
}

function adjust(amounts: Record<number, number>, banned = NONE): Adjustments {
  return { adjusted: new Set(Object.keys(amounts).map(Number)), adjustment: (token) => amounts[token] ?? 0, banned };
}

describe('choose', () => {
  const logits = complete([Math.log(0.1), Math.log(0.6), Math.log(0.3)]);

  it('picks each token with its probability, likeliest first', () => {
    const at = (fraction: number): number | undefined => choose(logits, PLAIN, NO_ADJUSTMENTS, fraction);
    expect([0, 0.59, 0.61, 0.89, 0.91, 1 - 2 ** -53].map(at)).toEqual([1, 1, 2, 2, 0, 0]);
  });

  it('divides by the temperature', () => {
    // At temperature 2 the weights are the square roots: 0.775, 0.548, 0.316.
    const at = (fraction: number): number | undefined =>
      choose(logits, { temperature: 2, topP: 1 }, NO_ADJUSTMENTS, fraction);
    expect([0.472, 0.474, 0.806, 0.808].map(at)).toEqual([1, 2, 2, 0]);
  });

  it('keeps the smallest set of tokens that reaches top_p, and never less than one', () => {
    const at = (topP: number, fraction: number): number | undefined =>
      choose(logits, { temperature: 1, topP }, NO_ADJUSTMENTS, fraction);
    expect([at(0, 0.99), at(0.59, 0.99), at(0.7, 0.99), at(0.7, 0.66), at(0.95, 0.99)]).toEqual([1, 1, 2, 1, 0]);
  });

  it('keeps top_k tokens, and of those what reaches top_p of their own sum', () => {
    const at = (topK: number, topP: number, fraction: number): number | undefined =>
      choose(logits, { temperature: 1, topP, topK }, NO_ADJUSTMENTS, fraction);
    expect([at(1, 1, 0.99), at(2, 1, 0.99), at(2, 1, 0.66), at(2, 0.65, 0.99), at(3, 1, 0.99)]).toEqual([
      1, 2, 1, 1, 0,
    ]);
  });

  it('keeps the tokens that are at least min_p times as likely as the likeliest, at that temperature', () => {
    const at = (minP: number, temperature: number): number | undefined =>
      choose(logits, { temperature, topP: 1, minP }, NO_ADJUSTMENTS, 0.999);
    // 0.3 is half of 0.6; its square root 0.71 of it.
    expect([at(1, 1), at(0.51, 1), at(0.49, 1), at(0.16, 1), at(0.7, 2), at(0.72, 2)]).toEqual([1, 1, 2, 0, 2, 1]);
  });

  it('never takes a banned token, and shares its weight out', () => {
    const banned = adjust({}, new Set([1]));
    const at = (fraction: number): number | undefined => choose(logits, PLAIN, banned, fraction);
    expect([0, 0.74, 0.76].map(at)).toEqual([2, 2, 0]);
    expect(choose(logits, { temperature: 0, topP: 1 }, banned, 0)).toBe(2);
    expect(choose(logits, { temperature: 0, topP: 1 }, adjust({ 1: 100 }, new Set([1])), 0)).toBe(2);
  });

  it('takes the largest sum of logit and adjustment at temperature 0', () => {
    const greedy = { temperature: 0, topP: 1 };
    expect(choose(logits, greedy, NO_ADJUSTMENTS, 0)).toBe(1);
    expect(choose(logits, greedy, adjust({ 1: -1 }), 0)).toBe(2);
    expect(choose(logits, greedy, adjust({ 0: 100 }), 0)).toBe(0);
  });

  it('survives temperatures so small that every other weight is 0', () => {
    expect(choose(logits, { temperature: 1e-300, topP: 1 }, adjust({ 1: -100 }), 0.999)).toBe(2);
  });

  it('settles nothing when a token outside the window is raised', () => {
    const window = windowOf(complete([5, 4, 3, 2, 1]), 2, 'window-and-mass');
    expect(choose(window, { temperature: 0, topP: 1 }, adjust({ 4: 0.1 }), 0)).toBeUndefined();
    expect(choose(window, { temperature: 0, topP: 1 }, adjust({ 4: -0.1 }), 0)).toBe(0);
  });

  it('gives from a window what the whole vocabulary gives, or nothing', () => {
    const amount = fc.double({ min: -3, max: 3, noNaN: true });
    const scenario = fc.record({
      logits: fc.array(fc.double({ min: -12, max: 0, noNaN: true }), { minLength: 2, maxLength: 40 }),
      size: fc.integer({ min: 1, max: 10 }),
      detail: fc.constantFrom<Detail>('window', 'window-and-mass'),
      temperature: fc.constantFrom(0, 0.1, 0.5, 0.9, 1, 1.1, 2),
      topP: fc.constantFrom(0, 0.1, 0.5, 0.9, 0.99, 1),
      fraction: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      amounts: fc.dictionary(fc.nat(39).map(String), amount, { maxKeys: 6 }),
      topK: fc.constantFrom(Infinity, Infinity, 1, 2, 5, 10),
      minP: fc.constantFrom(0, 0, 0.01, 0.3, 1),
      banned: fc.uniqueArray(fc.nat(39), { maxLength: 3 }),
    });
    let settled = 0;
    fc.assert(
      fc.property(scenario, ({ logits, size, detail, fraction, amounts, banned, ...cuts }) => {
        const all = complete(logits);
        // Tokens beyond the vocabulary are not in the rest.
        const adjustments = adjust(amounts, new Set(banned.filter((token) => token < logits.length)));
        const token = choose(windowOf(all, size, detail), cuts, adjustments, fraction);
        if (token === undefined) return;
        settled++;
        expect(token).toBe(choose(all, cuts, adjustments, fraction));
      }),
      { numRuns: 20_000 },
    );
    expect(settled).toBeGreaterThan(5_000);
  });
});

describe('Sampler', () => {
  const flat = complete([0, -0.5, -1]);
  const greedyTokens = async (
    options: Partial<SamplingOptions>,
    count: number,
    logits = flat,
    prompt: number[] = [],
  ): Promise<number[]> => {
    const sampler = new Sampler({ ...PLAIN, temperature: 0, ...options }, () => 0, prompt);
    const tokens: number[] = [];
    while (tokens.length < count) tokens.push(await sampler.next(() => Promise.resolve(logits)));
    return tokens;
  };

  it('lowers a token by frequency_penalty for each time it was generated', async () => {
    // The logits of token 0 go 0, −0.3, −0.6: then token 1 with −0.5 is ahead.
    expect(await greedyTokens({ frequencyPenalty: 0.3 }, 4)).toEqual([0, 0, 1, 0]);
  });

  it('lowers a token by presence_penalty once', async () => {
    expect(await greedyTokens({ presencePenalty: 0.4 }, 3)).toEqual([0, 0, 0]);
    expect(await greedyTokens({ presencePenalty: 2 }, 4)).toEqual([0, 1, 2, 0]);
  });

  it('raises a token with negative penalties', async () => {
    const logitBias = new Map([[2, 1.1]]);
    expect(await greedyTokens({ presencePenalty: -2, logitBias }, 3)).toEqual([2, 2, 2]);
  });

  it('divides positive logits of what is in the text, prompt included, and multiplies negative ones, once', async () => {
    const logits = complete([4, 3, -1, -1.5]);
    expect(await greedyTokens({ repetitionPenalty: 1.4 }, 4, logits)).toEqual([0, 1, 0, 0]);
    expect(await greedyTokens({ repetitionPenalty: 1.3 }, 2, logits, [0])).toEqual([0, 0]);
    expect(await greedyTokens({ repetitionPenalty: 1.4 }, 1, logits, [0])).toEqual([1]);
    const banned = new Set([0, 1]);
    expect(await greedyTokens({ repetitionPenalty: 1.6, banned }, 3, logits)).toEqual([2, 3, 2]);
    // Below 1 it makes repetitions likelier.
    expect(await greedyTokens({ repetitionPenalty: 0.5 }, 1, logits, [1])).toEqual([1]);
  });

  it('penalizes repetitions after the bias and before the other penalties', async () => {
    const logits = complete([2, 1.874]);
    // (2 + 1) / 2 is less than 1.874; were the bias added after, 2 / 2 + 1 would be more.
    expect(await greedyTokens({ repetitionPenalty: 2, logitBias: new Map([[0, 1]]) }, 1, logits, [0])).toEqual([1]);
    // 2 / 1.04 - 0.05 is less than 1.874; were the penalty taken off before, (2 - 0.05) / 1.04 would be more.
    expect(await greedyTokens({ repetitionPenalty: 1.04, presencePenalty: 0.05 }, 2, logits)).toEqual([0, 1]);
  });

  it('does not end before min_tokens', async () => {
    const options = { banned: NONE, bannedAtFirst: new Set([0]), minTokens: 2 };
    expect(await greedyTokens(options, 4)).toEqual([1, 1, 0, 0]);
  });

  it('reads no more than it needs', async () => {
    const details: Detail[] = [];
    const all = complete([0, -20, -21, -22, -23]);
    const sampler = new Sampler({ ...PLAIN, temperature: 1 }, () => 0.5);
    await sampler.next((detail) => {
      details.push(detail);
      return Promise.resolve(windowOf(all, 2, detail));
    });
    expect(details).toEqual(['window']);
  });

  it('reads on when the window does not settle it', async () => {
    const details: Detail[] = [];
    const all = complete([0, -0.1, -0.2, -0.3]);
    const sampler = new Sampler({ ...PLAIN, temperature: 1 }, () => 0.999);
    const token = await sampler.next((detail) => {
      details.push(detail);
      return Promise.resolve(windowOf(all, 2, detail));
    });
    expect(details).toEqual(['window', 'window-and-mass', 'all']);
    expect(token).toBe(3);
  });
});
