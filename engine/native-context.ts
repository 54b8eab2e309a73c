/**
 * What the engine uses of llama.cpp through the addon inside `node-llama-cpp`.
 *
 * The addon's objects are private to `node-llama-cpp` (`context._ctx`, `llama._bindings`), and its public evaluation
 * gives one reading per position only, shifts the context in silence, and decides itself what is batched with what. The
 * version is pinned in package.json, and `loadModel` checks that all of this is there.
 */
export interface NativeContext {
  initBatch(size: number): void;
  /** Gives the batch index of each token whose logits are wanted. */
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
