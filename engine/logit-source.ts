import { type Detail, type LogitReader, type Logits, NO_REST } from './logits.js';
import type { NativeContext, NativeSampler } from './native-context.js';

/** How many of the likeliest tokens are read first. llama.cpp finds up to 128 by a partial sort. */
const WINDOW_SIZE = 128;

/**
 * The addon gives probabilities, not logits. At this temperature no probability of a token underflows, and since it is
 * a power of two, dividing by it is exact: `SOFTENING · ln(p / p_max)` is the raw logit within 10⁻⁶.
 */
const SOFTENING = 8;
const SOFT = { temperature: SOFTENING, topK: 0, topP: 1, minP: 0, seed: 0 };

/** Dividing a positive logit by it gives 0; multiplying a negative one takes it out of range. */
const ENDLESS = 1e30;

/**
 * Reads raw logits out of llama.cpp.
 *
 * The whole vocabulary is read only when needed: with 150,000 tokens that takes about 25 ms, the window below 1 ms. In
 * between, llama.cpp sums the mass of the whole vocabulary (in single precision, hence the two bounds), which mostly settles
 * what the window alone does not.
 */
export class LogitSource {
  readonly #window: NativeSampler;
  readonly #everything: NativeSampler;
  readonly #greedy: NativeSampler;
  readonly #penalizing: NativeSampler;

  constructor(
    private readonly context: NativeContext,
    private readonly vocabularySize: number,
    createSampler: () => NativeSampler,
  ) {
    const soften = (topK: number): NativeSampler => {
      const sampler = createSampler();
      sampler.applyConfig({ ...SOFT, topK });
      return sampler;
    };
    this.#window = soften(WINDOW_SIZE);
    this.#everything = soften(0);
    this.#penalizing = createSampler();
    this.#greedy = createSampler();
    this.#greedy.applyConfig({ temperature: 0 });
  }

  /** A reader of the logits at one index of the batch. It works until the next batch is decoded. */
  readerAt(batchIndex: number): LogitReader {
    let window: Logits | undefined;
    const readAs = async (detail: Detail): Promise<Logits> => {
      if (detail === 'all' || this.vocabularySize <= WINDOW_SIZE) return this.#read(batchIndex, this.#everything);
      window ??= await this.#read(batchIndex, this.#window);
      return detail === 'window' ? window : this.#withMass(batchIndex, window);
    };
    let largest: number | undefined;
    return async (detail, withLargest = false) => {
      const logits = await readAs(detail);
      if (!withLargest) return logits;
      return { ...logits, largest: (largest ??= await this.#largest(batchIndex, logits)) };
    };
  }

  async #read(batchIndex: number, sampler: NativeSampler): Promise<Logits> {
    const [, probabilities] = await this.context.sampleToken(batchIndex, sampler, true, false);
    const largest = probabilities?.[1];
    if (!probabilities || !largest) throw new Error('llama.cpp gave no logits');
    const tokens = new Array<number>(probabilities.length / 2);
    const values = new Float64Array(tokens.length);
    for (let index = 0; index < tokens.length; index++) {
      tokens[index] = probabilities[2 * index] ?? 0;
      values[index] = SOFTENING * Math.log((probabilities[2 * index + 1] ?? 0) / largest);
    }
    const count = this.vocabularySize - tokens.length;
    if (count === 0) return { tokens, values, rest: NO_REST };
    return { tokens, values, rest: { count, massLow: 0, massHigh: count * Math.exp(values.at(-1) ?? 0) } };
  }

  /**
   * The largest logit itself. Only llama.cpp's repetition penalty depends on where 0 is: it divides positive logits and
   * multiplies others, so an extreme penalty moves the likeliest token to 0.
   */
  async #largest(batchIndex: number, { tokens, values }: Logits): Promise<number> {
    const [likeliest = 0, second = 0] = tokens;
    for (const repeatPenalty of [ENDLESS, 1 / ENDLESS]) {
      const repeatPenaltyTokens = Uint32Array.of(likeliest);
      this.#penalizing.applyConfig({ ...SOFT, repeatPenalty, repeatPenaltyMaxTokens: 1, repeatPenaltyTokens });
      const penalized = await this.#read(batchIndex, this.#penalizing);
      const valueOf = (token: number): number => penalized.values[penalized.tokens.indexOf(token)] ?? NaN;
      const distance = valueOf(second) - valueOf(likeliest);
      if (Number.isFinite(distance)) return distance - (values[1] ?? 0);
    }
    throw new Error('llama.cpp gave no logits that can be penalized');
  }

  /** The probability of the likeliest token is 1 / (sum of exp(logit)), as its own logit is 0. */
  async #withMass(batchIndex: number, window: Logits): Promise<Logits> {
    const [, , confidence] = await this.context.sampleToken(batchIndex, this.#greedy, false, true);
    if (!confidence) throw new Error('llama.cpp gave no confidence');
    const mass = window.values.reduce((sum, value) => sum + Math.exp(value), 0);
    // A sum of n floats is off by at most n roundings of 2⁻²⁴ each.
    const roundingError = this.vocabularySize * 2 ** -24;
    const { count, massHigh } = window.rest;
    return {
      ...window,
      rest: {
        count,
        massLow: Math.max(0, (1 - roundingError) / confidence - mass),
        massHigh: Math.min(massHigh, Math.max(0, (1 + roundingError) / confidence - mass)),
      },
    };
  }
}
