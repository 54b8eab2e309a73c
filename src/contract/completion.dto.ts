import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { TAKES_MORE_FIELDS } from './additional-fields.js';
import { INT64 } from './int64.js';

/** The log probabilities of the tokens of a choice. The lists have one entry a token. */
@ApiSchema({ name: 'Logprobs', ...TAKES_MORE_FIELDS })
export class LogprobsDto {
  /** The tokens as text. One that is no whole character stands as `bytes:\xe2\x80`. */
  tokens: string[];

  /** The log probability of each token; null for the first token of an echoed prompt. */
  @ApiProperty({ type: 'array', items: { type: 'number', format: 'double', nullable: true } })
  token_logprobs: (number | null)[];

  /** The most likely tokens at each position, with their log probabilities. */
  @ApiProperty({
    type: 'array',
    items: {
      anyOf: [{ type: 'object', additionalProperties: { type: 'number', format: 'double' } }, { type: 'null' }],
    },
    nullable: true,
  })
  top_logprobs: (Record<string, number> | null)[] | null;

  /** Where each token begins, in characters from the start of the prompt. */
  @ApiProperty({ type: 'array', items: { type: 'integer' } })
  text_offset: number[];
}

/** One completion. */
@ApiSchema({ name: 'CompletionChoice', ...TAKES_MORE_FIELDS })
export class CompletionChoiceDto {
  /**
   * The position of the prompt, times `n`, plus the number of the choice for that prompt.
   * @example 0
   */
  @ApiProperty({ type: 'integer' })
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
  @ApiProperty({ enum: ['stop', 'length', 'content_filter'], enumName: 'FinishReason', nullable: true })
  finish_reason: 'stop' | 'length' | 'content_filter' | null;

  /** Null unless `logprobs` was asked for. */
  logprobs: LogprobsDto | null;
}

/** Details of `prompt_tokens`, as far as the engine gives them. */
@ApiSchema({ name: 'PromptTokensDetails', ...TAKES_MORE_FIELDS })
export class PromptTokensDetailsDto {
  /** Tokens that did not have to be evaluated again. */
  @ApiPropertyOptional({ type: 'integer' })
  cached_tokens?: number;
  /** Audio tokens. */
  @ApiPropertyOptional({ type: 'integer' })
  audio_tokens?: number;
}

/** Details of `completion_tokens`, as far as the engine gives them. */
@ApiSchema({ name: 'CompletionTokensDetails', ...TAKES_MORE_FIELDS })
export class CompletionTokensDetailsDto {
  /** Tokens of reasoning. */
  @ApiPropertyOptional({ type: 'integer' })
  reasoning_tokens?: number;
  /** Audio tokens. */
  @ApiPropertyOptional({ type: 'integer' })
  audio_tokens?: number;
  /** Predicted tokens that came true. */
  @ApiPropertyOptional({ type: 'integer' })
  accepted_prediction_tokens?: number;
  /** Predicted tokens that did not. */
  @ApiPropertyOptional({ type: 'integer' })
  rejected_prediction_tokens?: number;
}

/** Counts of tokens. */
@ApiSchema({ name: 'Usage', ...TAKES_MORE_FIELDS })
export class UsageDto {
  /**
   * Tokens of all prompts.
   * @example 4
   */
  @ApiProperty({ type: 'integer' })
  prompt_tokens: number;

  /**
   * Generated tokens, those of `best_of` included.
   * @example 16
   */
  @ApiProperty({ type: 'integer' })
  completion_tokens: number;

  /**
   * The sum of both.
   * @example 20
   */
  @ApiProperty({ type: 'integer' })
  total_tokens: number;

  /** Details of `prompt_tokens`. */
  prompt_tokens_details?: PromptTokensDetailsDto;

  /** Details of `completion_tokens`. */
  completion_tokens_details?: CompletionTokensDetailsDto;
}

/** The answer to `POST /v1/completions`, and each chunk of a streamed one. */
@ApiSchema({ name: 'Completion', ...TAKES_MORE_FIELDS })
export class CompletionDto {
  /**
   * The id of the completion.
   * @example 'cmpl-6f1d9a2e4b7c'
   */
  id: string;

  /**
   * Always `text_completion`.
   * @example 'text_completion'
   */
  object: 'text_completion';

  /**
   * When it was made, in seconds since the epoch.
   * @example 1763800000
   */
  @ApiProperty(INT64)
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
