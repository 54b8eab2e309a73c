import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Detail, type Logits, NO_REST } from './logits.js';
import { type Adjustments, choose, NO_ADJUSTMENTS, Sampler, type SamplingOptions } from './sampler.js';

const PLAIN: SamplingOptions = {
  temperature: 1,
  topP: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  logitBias: new Map(),
};

/** Complete logits of a vocabulary whose token `i` has the `i`-th logit. */
function complete(logits: readonly number[]): Logits {
  const order = [...logits.keys()].sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
  const largest = Math.max(...logits);
  const values = Float64Array.from(order, (token) => (logits[token] ?? 0) - largest);
  return { tokens: order, values, rest: NO_REST };
}

/** The first `size` of them, and as much about the rest as llama.cpp tells. */
function windowOf(logits: Logits, size: number, detail: Detail): Logits {
  if (detail === 'all' || size >= logits.tokens.length) return logits;
  const mass = logits.values.slice(size).reduce((sum, value) => sum + Math.exp(value), 0);
  const count = logits.tokens.length - size;
  const bound = count * Math.exp(logits.values[size - 1] ?? 0);
  const rest =
    detail === 'window'
      ? { count, massLow: 0, massHigh: bound }
      : { count, massLow: mass * 0.999, massHigh: Math.min(bound, mass * 1.001) };
  return { tokens: logits.tokens.slice(0, size), values: logits.values.slice(0, size), rest };
}

function adjust(amounts: Record<number, number>): Adjustments {
  return { adjusted: new Set(Object.keys(amounts).map(Number)), adjustment: (token) => amounts[token] ?? 0 };
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

  it('takes the largest sum of logit and adjustment at temperature 0', () => {
    const greedy = { temperature: 0, topP: 1 };
    expect(choose(logits, greedy, NO_ADJUSTMENTS, 0)).toBe(1);
    expect(choose(logits, greedy, adjust({ 1: -1 }), 0)).toBe(2);
    expect(choose(logits, greedy, adjust({ 0: 100 }), 0)).toBe(0);
  });

  it('survives temperatures so small that every other weight is 0', () => {
    expect(choose(logits, { temperature: 1e-300, topP: 1 }, adjust({ 1: -100 }), 0.999)).toBe(2);
  });

  it('promises nothing when a token outside the window is raised', () => {
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
    });
    let settled = 0;
    fc.assert(
      fc.property(scenario, ({ logits, size, detail, temperature, topP, fraction, amounts }) => {
        const all = complete(logits);
        const token = choose(windowOf(all, size, detail), { temperature, topP }, adjust(amounts), fraction);
        if (token === undefined) return;
        settled++;
        expect(token).toBe(choose(all, { temperature, topP }, adjust(amounts), fraction));
      }),
      { numRuns: 20_000 },
    );
    expect(settled).toBeGreaterThan(5_000);
  });
});

describe('Sampler', () => {
  const flat = complete([0, -0.5, -1]);
  const greedyTokens = async (options: Partial<SamplingOptions>, count: number): Promise<number[]> => {
    const sampler = new Sampler({ ...PLAIN, temperature: 0, ...options }, () => 0);
    const tokens: number[] = [];
    while (tokens.length < count) tokens.push(await sampler.next(() => Promise.resolve(flat)));
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
