/** The log probabilities of the tokens of a choice. The lists have one entry a token. */
export class LogprobsDto {
  /** The tokens as text. One that is no whole character stands as `bytes:\xe2\x80`. */
  tokens: string[];

  /** The log probability of each token; null for the first token of an echoed prompt. */
  token_logprobs: (number | null)[];

  /** The most likely tokens at each position, with their log probabilities. */
  top_logprobs: (Record<string, number> | null)[] | null;

  /** Where each token begins, in characters from the start of the prompt. */
  text_offset: number[];
}

/** One completion. */
export class CompletionChoiceDto {
  /**
   * The position of the prompt, times `n`, plus the number of the choice for that prompt.
   * @example 0
   */
  index: number;

  /**
   * The generated text, behind the prompt with `echo`.
   * @example ', there lived a boy named Tom.'
   */
  text: string;

  /**
   * Why it ended: `stop` for a stop text or the model's own end, `length` for `max_tokens`, `content_filter`. In a stream
   * it is null until the last chunk of the choice.
   * @example 'length'
   */
  finish_reason: 'stop' | 'length' | 'content_filter' | null;

  /** Null unless `logprobs` was asked for. */
  logprobs: LogprobsDto | null;
}

/** Details of `prompt_tokens`, as far as the engine gives them. */
export class PromptTokensDetailsDto {
  /** Tokens that did not have to be evaluated again. */
  cached_tokens?: number;
  /** Audio tokens. */
  audio_tokens?: number;
}

/** Details of `completion_tokens`, as far as the engine gives them. */
export class CompletionTokensDetailsDto {
  /** Tokens of reasoning. */
  reasoning_tokens?: number;
  /** Audio tokens. */
  audio_tokens?: number;
  /** Predicted tokens that came true. */
  accepted_prediction_tokens?: number;
  /** Predicted tokens that did not. */
  rejected_prediction_tokens?: number;
}

/** Counts of tokens. */
export class UsageDto {
  /**
   * Tokens of all prompts.
   * @example 4
   */
  prompt_tokens: number;

  /**
   * Generated tokens, those of `best_of` included.
   * @example 16
   */
  completion_tokens: number;

  /**
   * The sum of both.
   * @example 20
   */
  total_tokens: number;

  prompt_tokens_details?: PromptTokensDetailsDto;

  completion_tokens_details?: CompletionTokensDetailsDto;
}

/** The answer to `POST /v1/completions`, and each chunk of a streamed one. */
export class CompletionDto {
  /** @example 'cmpl-6f1d9a2e4b7c' */
  id: string;

  /** @example 'text_completion' */
  object: 'text_completion';

  /**
   * When it was made, in seconds since the epoch.
   * @example 1763800000
   */
  created: number;

  /**
   * The requested model.
   * @example 'storyteller'
   */
  model: string;

  /** The completions, in the order of their index. */
  choices: CompletionChoiceDto[];

  /** Names the state of the engine: the same seed gives the same text as long as it stays the same. */
  system_fingerprint?: string;

  /** In a stream, only on the last chunk, and only with `stream_options.include_usage`. */
  usage?: UsageDto;
}
