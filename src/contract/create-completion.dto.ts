import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsInt, IsNumber, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import type { ExactInteger } from '../common/exact-json.js';
import { TAKES_MORE_FIELDS } from './additional-fields.js';
import {
  atLeast,
  atMost,
  boolean,
  integer,
  IsCompatibleBestOf,
  IsDictionary,
  IsInt64,
  IsLogitBias,
  IsModelName,
  IsPrompt,
  IsStop,
  IsText,
  MAX_MODEL_LENGTH,
  MAX_STOP_LENGTH,
  number,
  TOKEN_ID_KEY,
} from './field-rules.js';
import { INT64 } from './int64.js';

const TOKEN_IDS = {
  type: 'array',
  minItems: 1,
  items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
};

const LOGIT_BIAS = {
  type: 'object',
  propertyNames: { pattern: TOKEN_ID_KEY.source },
  additionalProperties: { type: 'number', format: 'double', minimum: -100, maximum: 100 },
};

function OptionalFlag(): PropertyDecorator {
  return applyDecorators(IsOptional(), IsBoolean(boolean), ApiPropertyOptional({ type: 'boolean', nullable: true }));
}

function OptionalInteger(minimum: number, maximum: number): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsInt(integer),
    Min(minimum, atLeast),
    Max(maximum, atMost),
    ApiPropertyOptional({ type: 'integer', minimum, maximum, nullable: true }),
  );
}

function OptionalNumber(minimum: number, maximum: number): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    IsNumber({}, number),
    Min(minimum, atLeast),
    Max(maximum, atMost),
    ApiPropertyOptional({ type: 'number', minimum, maximum, format: 'double', nullable: true }),
  );
}

/** Options of a streamed answer. They are used when `stream` is true and ignored otherwise. */
@ApiSchema({ name: 'StreamOptions', ...TAKES_MORE_FIELDS })
export class StreamOptionsDto {
  /** Send one last chunk before `data: [DONE]` whose `choices` is empty and whose `usage` covers the whole request. */
  @IsOptional()
  @IsBoolean(boolean)
  include_usage?: boolean | null;

  /** Add random characters to each chunk, so that its size on the wire does not tell the length of its text. */
  @IsOptional()
  @IsBoolean(boolean)
  include_obfuscation?: boolean | null;
}

/**
 * The body of `POST /v1/completions`. `null` means "not given" for every optional field; nothing is coerced.
 *
 * Fields that are not listed (`top_k`, `min_p`, `ignore_eos`, …) are never dropped in silence: they are forwarded to the
 * upstream, or refused with 422 `extra_forbidden`, as the upstream's configuration says.
 */
@ApiSchema({
  name: 'CreateCompletionRequest',
  description:
    '`null` means "not given" for every optional field; nothing is coerced. Fields that are not listed (`top_k`, `min_p`, `ignore_eos`, …) are forwarded to an engine that takes them, or refused with 422 `extra_forbidden`: never dropped in silence.',
  ...TAKES_MORE_FIELDS,
})
export class CreateCompletionDto {
  /**
   * The model to use. `GET /v1/models` lists the ones that your key may use.
   * @example 'storyteller'
   */
  @IsModelName()
  @ApiProperty({ minLength: 1, maxLength: MAX_MODEL_LENGTH })
  model: string;

  /**
   * What to complete: a text, a list of texts, a list of token ids, or a list of lists of token ids. Each text, and each
   * list of token ids, is completed on its own.
   * @example 'Once upon a time'
   */
  @IsPrompt()
  @ApiProperty({
    oneOf: [
      { type: 'string' },
      { type: 'array', minItems: 1, items: { type: 'string' } },
      TOKEN_IDS,
      { type: 'array', minItems: 1, items: TOKEN_IDS },
    ],
  })
  prompt: string | string[] | number[] | number[][];

  /**
   * How many completions to generate on the server, of which the `n` best are returned: those with the highest mean
   * log probability per token. It must not be less than `n`, and cannot be used with `stream`. 0 reads as not given;
   * the default is `n`.
   */
  @OptionalInteger(0, 20)
  @IsCompatibleBestOf()
  best_of?: number | null;

  /** Give the prompt back in front of the completion. By default it is not. */
  @OptionalFlag()
  echo?: boolean | null;

  /**
   * Positive values make a token less likely with each time that it is in the text so far, and so the model less likely
   * to repeat a line word for word. Default: 0.
   */
  @OptionalNumber(-2, 2)
  frequency_penalty?: number | null;

  /**
   * Is added to the logits of tokens before sampling: token ids, as decimal strings, to a bias from -100 to 100. Values
   * near -1 and 1 change how likely a token is; -100 and 100 ban it and force it.
   * @example {"262": -100}
   */
  @IsOptional()
  @IsLogitBias()
  @ApiPropertyOptional({
    anyOf: [LOGIT_BIAS, { type: 'null' }],
    // As in the list: generators read both.
    additionalProperties: LOGIT_BIAS.additionalProperties,
    nullable: false,
  })
  logit_bias?: Record<string, number> | null;

  /**
   * Give the log probabilities of this many of the most likely tokens at each position, and of the chosen token, which
   * makes up to `logprobs + 1` entries. With 0, of the chosen token alone.
   */
  @OptionalInteger(0, 5)
  logprobs?: number | null;

  /** The most tokens to generate; 16 by default. Prompt and completion together cannot be longer than the model's context. */
  @IsOptional()
  @IsInt(integer)
  @Min(0, atLeast)
  @Max(Number.MAX_SAFE_INTEGER, atMost)
  @ApiPropertyOptional({ ...INT64, nullable: true })
  max_tokens?: number | null;

  /** How many completions to generate for each prompt; 1 by default. */
  @OptionalInteger(1, 128)
  n?: number | null;

  /** Positive values make a token less likely once it is in the text so far, and so the model more likely to move on. Default: 0. */
  @OptionalNumber(-2, 2)
  presence_penalty?: number | null;

  /**
   * The same seed with the same parameters gives the same text, as far as the engine can. See `system_fingerprint`. Any
   * 64-bit integer, whose digits the engine gets as they are.
   */
  @IsOptional()
  @IsInt64()
  @ApiPropertyOptional({ ...INT64, nullable: true })
  seed?: number | ExactInteger | null;

  /**
   * Up to 4 texts, of up to 1,000 characters each, at which the model stops. The completion does not contain the text that it stopped at.
   * @example ['\n\n', 'THE END']
   */
  @IsOptional()
  @IsStop()
  @ApiPropertyOptional({
    oneOf: [
      { type: 'string', minLength: 1, maxLength: MAX_STOP_LENGTH },
      { type: 'array', maxItems: 4, items: { type: 'string', minLength: 1, maxLength: MAX_STOP_LENGTH } },
      { type: 'null' },
    ],
  })
  stop?: string | string[] | null;

  /** Send the completion piece by piece, as server-sent events, ended by `data: [DONE]`. By default it is sent as a whole. */
  @OptionalFlag()
  stream?: boolean | null;

  /** Options of a streamed answer. */
  @IsOptional()
  @IsDictionary()
  @ValidateNested()
  @Type(() => StreamOptionsDto)
  @ApiPropertyOptional({ type: () => StreamOptionsDto, nullable: true })
  stream_options?: StreamOptionsDto | null;

  /** The text that comes after the completion: the model fills the gap between `prompt` and `suffix`. */
  @IsOptional()
  @IsText()
  @ApiPropertyOptional({ type: 'string', nullable: true })
  suffix?: string | null;

  /** From 0, always the most likely token, to 2, wild; 1 by default. Change this or `top_p`, not both. */
  @OptionalNumber(0, 2)
  temperature?: number | null;

  /** Sample from the most likely tokens whose probabilities add up to this: 0.1 means the top 10 % only, and 1, the default, all. */
  @OptionalNumber(0, 1)
  top_p?: number | null;

  /** An identifier of your end user, for those who watch for abuse. */
  @IsOptional()
  @IsText()
  @ApiPropertyOptional({ type: 'string', nullable: true })
  user?: string | null;
}
