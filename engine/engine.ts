import { type ChoicePart, completePrompt } from './complete-prompt.js';
import type { CompletionRequest } from './completion-request.js';
import type { Model } from './load-model.js';
import { Slots } from './slots.js';

export interface Usage {
  prompt_tokens: number;
  /** Of all generated choices, including those that `best_of` discards. */
  completion_tokens: number;
  total_tokens: number;
}

/** Takes a part, and the counts so far. Generation continues when it resolves: backpressure. */
type Deliver = (part: ChoicePart, usage: Usage) => Promise<void> | void;

/** Runs completion requests on a model: each on a sequence of its own, as many at a time as there are slots. */
export class Engine {
  readonly #slots: Slots;
  #tokensGenerated = 0;

  constructor(
    readonly model: Model,
    parallelRequests: number,
  ) {
    this.#slots = new Slots(parallelRequests);
  }

  /** For `GET /health`. `tokensGenerated` counts since the start; while nothing runs, it stands still. */
  get state(): { active: number; queued: number; tokensGenerated: number } {
    return { active: this.#slots.active, queued: this.#slots.queued, tokensGenerated: this.#tokensGenerated };
  }

  /**
   * Generates the choices of a request one after the other: the model evaluates one token at a time anyway.
   *
   * @throws the signal's reason after an abort: at once in the queue, else before the next token.
   */
  complete(request: CompletionRequest, signal: AbortSignal, deliver: Deliver): Promise<Usage> {
    const { model } = this;
    const onToken = (): void => {
      this.#tokensGenerated++;
    };
    return this.#slots.use(signal, async (sequence) => {
      let promptTokens = 0;
      let completionTokens = 0;
      for (const [promptIndex, prompt] of request.prompts.entries()) {
        promptTokens += prompt.tokens.length;
        const before = completionTokens;
        completionTokens += await completePrompt(
          { model, request, promptIndex, prompt, sequence, signal, onToken },
          (part) => deliver(part, usageOf(promptTokens, before + part.generatedCount)),
        );
      }
      return usageOf(promptTokens, completionTokens);
    });
  }
}

function usageOf(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}
