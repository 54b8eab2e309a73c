import { describe, expect, it } from '@jest/globals';
import { LogitSource } from './logit-source.js';
import type { NativeContext, NativeSampler } from './native-context.js';

type Config = Parameters<NativeSampler['applyConfig']>[0];

class ConfiguredSampler implements NativeSampler {
  config: Config = { temperature: 0 };

  applyConfig(config: Config): void {
    this.config = config;
  }
}

/** Samples from these logits as llama.cpp does: penalties first, in single precision, then the temperature. */
function contextOf(logits: readonly number[]): NativeContext {
  const sample: NativeContext['sampleToken'] = (_, sampler) => {
    const { temperature, topK = 0, repeatPenalty = 1, repeatPenaltyTokens } = (sampler as ConfiguredSampler).config;
    const penalized = logits.map((logit, token) => {
      if (!repeatPenaltyTokens?.includes(token)) return logit;
      return Math.fround(logit <= 0 ? logit * repeatPenalty : logit / repeatPenalty);
    });
    const order = [...logits.keys()].sort((a, b) => (penalized[b] ?? 0) - (penalized[a] ?? 0));
    const kept = topK > 0 ? order.slice(0, topK) : order;
    const largest = Math.max(...penalized);
    const weights = kept.map((token) => Math.fround(Math.exp(((penalized[token] ?? 0) - largest) / temperature)));
    const sum = weights.reduce((all, weight) => all + weight, 0);
    const pairs = kept.flatMap((token, at) => [token, Math.fround((weights[at] ?? 0) / sum)]);
    return Promise.resolve([kept[0] ?? 0, pairs, pairs[1]]);
  };
  return {
    initBatch: () => undefined,
    addToBatch: () => new Uint32Array(),
    decodeBatch: () => Promise.resolve(),
    removeTokenCellsFromSequence: () => true,
    sampleToken: sample,
  };
}

describe('the largest logit', () => {
  const many = Array.from({ length: 300 }, (_, token) => 9 - token / 10);
  it.each<[string, number[]]>([
    ['positive', [3.5, 12.25, 11, -4]],
    ['negative', [-3.5, -1.25, -2, -40]],
    ['the only positive one', [-3.5, 0.5, -2, -4]],
    ['0', [-3.5, 0, -2, -4]],
    ['the first of many', many],
    ['as large as another', [5, 5, 1]],
  ])('is found where it is %s', async (_, logits) => {
    const source = new LogitSource(contextOf(logits), logits.length, () => new ConfiguredSampler());
    const read = source.readerAt(0);
    for (const detail of ['window', 'all'] as const) {
      const { largest, values } = await read(detail, true);
      expect(largest).toBeCloseTo(Math.max(...logits), 4);
      expect(values[0]).toBe(0);
    }
    expect(await read('window')).not.toHaveProperty('largest');
  });
});
