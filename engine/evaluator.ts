import type { LogitReader } from './logits.js';
import type { LogitSource } from './logit-source.js';
import type { NativeContext } from './native-context.js';

/** Which positions of an evaluation want their logits looked at. */
export type Wanted = 'none' | 'last' | 'every';

/** Reads the logits after the token at `index`. The next evaluation overwrites them. */
export type Look = (index: number, read: LogitReader) => Promise<void>;

interface Evaluation {
  sequence: number;
  position: number;
  tokens: readonly number[];
  wanted: Wanted;
  look: Look;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Evaluates tokens, one sequence at a time, first come, first served.
 *
 * A generation asks for its next step only when the last one is done, so this takes fair turns among all sequences, token
 * by token. Sequences are never batched together: the last bits of llama.cpp's sums depend on the shape of a batch, so the
 * same seed would give another text under load.
 */
export class Evaluator {
  readonly #queue: Evaluation[] = [];
  #isRunning = false;

  constructor(
    private readonly context: NativeContext,
    private readonly logits: LogitSource,
  ) {}

  evaluate(sequence: number, position: number, tokens: readonly number[], wanted: Wanted, look: Look): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ sequence, position, tokens, wanted, look, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Forgets a sequence's tokens from `position` on. False: the model cannot forget a part, and has forgotten all. */
  forget(sequence: number, position: number): boolean {
    if (this.context.removeTokenCellsFromSequence(sequence, position, -1)) return true;
    this.context.removeTokenCellsFromSequence(sequence, 0, -1);
    return false;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let evaluation = this.#queue.shift(); evaluation; evaluation = this.#queue.shift()) {
      try {
        await this.#perform(evaluation);
        evaluation.resolve();
      } catch (error) {
        evaluation.reject(error);
      }
    }
    this.#isRunning = false;
  }

  async #perform({ sequence, position, tokens, wanted, look }: Evaluation): Promise<void> {
    const indexes = wanted === 'none' ? [] : wanted === 'last' ? [tokens.length - 1] : tokens.keys();
    const wantedIndexes = Uint32Array.from(indexes);
    this.context.initBatch(tokens.length);
    const batchIndexes = this.context.addToBatch(sequence, position, Uint32Array.from(tokens), wantedIndexes);
    await this.context.decodeBatch();
    for (const [nth, batchIndex] of batchIndexes.entries()) {
      await look(wantedIndexes[nth] ?? 0, this.logits.readerAt(batchIndex));
    }
  }
}
