import { describe, expect, it } from '@jest/globals';
import { Evaluator } from './evaluator.js';
import { LogitSource } from './logit-source.js';
import type { NativeContext, NativeSampler } from './native-context.js';

/** A fake addon: records what it evaluates, and fails at token 13. */
class RecordingContext implements NativeContext {
  readonly decoded: string[] = [];
  private batch = '';

  initBatch(): void {
    this.batch = '';
  }

  addToBatch(sequence: number, firstPosition: number, tokens: Uint32Array, wanted: Uint32Array): Uint32Array {
    this.batch = `${sequence}@${firstPosition}:${tokens.join(',')}`;
    return wanted;
  }

  decodeBatch(): Promise<void> {
    this.decoded.push(this.batch);
    return this.batch.endsWith(':13') ? Promise.reject(new Error('Eval has failed')) : Promise.resolve();
  }

  sampleToken(): Promise<[number, number[], number]> {
    return Promise.resolve([0, [0, 0.5, 1, 0.5], 0.5]);
  }

  removeTokenCellsFromSequence(_sequence: number, from: number): boolean {
    return from === 0;
  }
}

function createEvaluator(): { evaluator: Evaluator; context: RecordingContext } {
  const context = new RecordingContext();
  const sampler: NativeSampler = { applyConfig: () => undefined };
  return { context, evaluator: new Evaluator(context, new LogitSource(context, 2, () => sampler)) };
}

const look = (): Promise<void> => Promise.resolve();

describe('Evaluator', () => {
  it('gives each sequence a turn, and never puts two into one batch', async () => {
    const { evaluator, context } = createEvaluator();
    const generate = async (sequence: number): Promise<void> => {
      for (const position of [0, 1, 2]) await evaluator.evaluate(sequence, position, [position], 'last', look);
    };
    await Promise.all([generate(0), generate(1)]);
    expect(context.decoded).toEqual(['0@0:0', '1@0:0', '0@1:1', '1@1:1', '0@2:2', '1@2:2']);
  });

  it('rejects the evaluation that llama.cpp fails, and continues with the others', async () => {
    const { evaluator, context } = createEvaluator();
    const failing = evaluator.evaluate(0, 0, [13], 'none', look);
    const other = evaluator.evaluate(1, 0, [7], 'none', look);
    await expect(failing).rejects.toThrow('Eval has failed');
    await other;
    expect(context.decoded).toEqual(['0@0:13', '1@0:7']);
  });

  it('looks at each wanted position', async () => {
    const looked = async (wanted: 'none' | 'last' | 'every'): Promise<number[]> => {
      const indexes: number[] = [];
      await createEvaluator().evaluator.evaluate(0, 0, [4, 5, 6], wanted, async (index, read) => {
        indexes.push(index);
        expect((await read('all')).tokens).toEqual([0, 1]);
      });
      return indexes;
    };
    expect([await looked('none'), await looked('last'), await looked('every')]).toEqual([[], [2], [0, 1, 2]]);
  });

  it('forgets all when the model cannot forget a part', () => {
    const { evaluator } = createEvaluator();
    expect([evaluator.forget(0, 0), evaluator.forget(0, 5)]).toEqual([true, false]);
  });
});
