/**
 * The part of llama.cpp that the engine uses, through the addon inside `node-llama-cpp`.
 *
 * These objects are private to `node-llama-cpp` (`context._ctx`, `llama._bindings`). Its public evaluation gives only one
 * reading per position, shifts the context silently, and batches sequences as it likes. The version is pinned in
 * package.json, and `loadModel` checks that the objects exist.
 */
export interface NativeContext {
  initBatch(size: number): void;
  /** Returns the batch index of each token whose logits are wanted. */
  addToBatch(sequence: number, firstPosition: number, tokens: Uint32Array, wanted: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  /** Probabilities come as one list: token, probability, token, probability, …, by falling probability. */
  sampleToken(
    batchIndex: number,
    sampler: NativeSampler,
    withProbabilities: boolean,
    withConfidence: boolean,
  ): Promise<[token: number, probabilities: number[] | undefined, confidence: number | undefined]>;
  /** False when the model cannot forget a part of a sequence (recurrent ones cannot). */
  removeTokenCellsFromSequence(sequence: number, from: number, to: number): boolean;
}

export interface NativeSampler {
  applyConfig(config: {
    temperature: number;
    topK?: number;
    topP?: number;
    minP?: number;
    seed?: number;
    repeatPenalty?: number;
    repeatPenaltyMaxTokens?: number;
    repeatPenaltyTokens?: Uint32Array;
  }): void;
}
