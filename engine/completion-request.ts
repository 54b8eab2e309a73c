import { promptsOf } from '../src/contract/prompts.js';
import { toBigInt } from '../src/common/exact-json.js';
import { randomInt } from 'node:crypto';
import type { CreateCompletionDto } from '../src/contract/create-completion.dto.js';
import { ApiError } from '../src/errors/api-error.js';
import type { Model } from './load-model.js';
import type { SamplingOptions } from './sampler.js';

/** A request body with every default filled in and every prompt in tokens, checked against the model. */
export interface CompletionRequest {
  readonly model: string;
  readonly prompts: readonly Prompt[];
  /** Choices to return for each prompt. */
  readonly n: number;
  /** Choices to generate for each prompt: `n`, or more to choose the best from. */
  readonly bestOf: number;
  readonly maxTokens: number;
  readonly echo: boolean;
  readonly stops: readonly string[];
  /** How many of the likeliest tokens to report at each position; undefined when no `logprobs` are wanted. */
  readonly topLogprobs: number | undefined;
  readonly sampling: SamplingOptions;
  readonly seed: bigint;
  readonly stream: { readonly includeUsage: boolean; readonly includeObfuscation: boolean } | undefined;
}

export interface Prompt {
  /** Everything that is evaluated: the caller's tokens and what the model needs around them. */
  readonly tokens: readonly number[];
  /** Where the caller's prompt begins and ends in `tokens`. */
  readonly ownStart: number;
  readonly ownEnd: number;
  /** The caller's prompt as text. */
  readonly text: string;
}

/** @throws {ApiError} 400 when this model cannot do what the body asks for. Nothing has been evaluated then. */
export function toCompletionRequest(body: CreateCompletionDto, model: Model): CompletionRequest {
  const n = body.n ?? 1;
  const maxTokens = body.max_tokens ?? 16;
  const prompts = promptsOf(body).map((prompt) => arrange(prompt, body.suffix ?? '', model));
  for (const prompt of prompts) refuseOverflow(prompt, maxTokens, model);
  return {
    model: body.model,
    prompts,
    n,
    // 0 reads as not given.
    bestOf: Math.max(n, body.best_of ?? 0),
    maxTokens,
    echo: body.echo ?? false,
    stops: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
    topLogprobs: body.logprobs ?? undefined,
    sampling: {
      temperature: body.temperature ?? 1,
      topP: body.top_p ?? 1,
      frequencyPenalty: body.frequency_penalty ?? 0,
      presencePenalty: body.presence_penalty ?? 0,
      logitBias: logitBiasOf(body, model),
    },
    seed: toBigInt(body.seed ?? randomInt(2 ** 48 - 1)),
    stream: body.stream
      ? {
          includeUsage: body.stream_options?.include_usage ?? false,
          includeObfuscation: body.stream_options?.include_obfuscation ?? false,
        }
      : undefined,
  };
}

/** `prompt` is one prompt when it is a text or a list of token ids, else a list of them. */
/**
 * Puts the prompt into the order that the model was trained on.
 *
 * With a suffix that is `<fim-prefix> prompt <fim-suffix> suffix <fim-middle>`. An empty suffix reads as not given: there
 * is no gap to fill. An empty prompt is the start of a text, for which models have a token.
 */
function arrange(prompt: string | number[], suffix: string, model: Model): Prompt {
  const { vocabulary } = model;
  if (typeof prompt !== 'string') refuseUnknownTokens(prompt, model);
  const isText = typeof prompt === 'string';
  const own = isText ? tokenize(prompt, model) : prompt;
  const start = isText && model.prependsStartToken && model.startToken !== undefined ? [model.startToken] : [];
  let before = start;
  let after: number[] = [];
  if (suffix !== '') {
    const { fillInMiddle } = model;
    if (!fillInMiddle) {
      throw new ApiError(
        400,
        'unsupported_parameter',
        'This model has no tokens to fill in the middle: it cannot use suffix.',
        {
          param: 'suffix',
        },
      );
    }
    before = [...start, fillInMiddle.prefix];
    after = [fillInMiddle.suffix, ...tokenize(suffix, model), fillInMiddle.middle];
  }
  let tokens = [...before, ...own, ...after];
  if (tokens.length === 0) {
    if (model.startToken === undefined) {
      throw new ApiError(
        400,
        'invalid_value',
        'This model has no start token: an empty prompt gives it nothing to go on.',
        {
          param: 'prompt',
        },
      );
    }
    tokens = before = [model.startToken];
  }
  return {
    tokens,
    ownStart: before.length,
    ownEnd: before.length + own.length,
    text: isText ? prompt : vocabulary.promptTextOf(own),
  };
}

function refuseUnknownTokens(tokens: readonly number[], { vocabulary }: Model): void {
  const unknown = tokens.find((token) => token >= vocabulary.size);
  if (unknown === undefined) return;
  throw new ApiError(
    400,
    'invalid_value',
    `${unknown} is not a token id of this model: they go from 0 to ${vocabulary.size - 1}.`,
    {
      param: 'prompt',
    },
  );
}

function logitBiasOf(body: CreateCompletionDto, { vocabulary }: Model): Map<number, number> {
  const biases = new Map<number, number>();
  for (const [key, bias] of Object.entries(body.logit_bias ?? {})) {
    const token = Number(key);
    if (token >= vocabulary.size) {
      const message = `logit_bias: ${key} is not a token id of this model: they go from 0 to ${vocabulary.size - 1}.`;
      throw new ApiError(400, 'invalid_value', message, { param: 'logit_bias' });
    }
    biases.set(token, bias);
  }
  return biases;
}

/** Tokenizing some megabytes takes seconds, in which nothing else runs: a text that cannot fit is refused before. */
function tokenize(text: string, { vocabulary, contextSize, tokenize: toTokens }: Model): number[] {
  const leastTokens = Math.ceil(Buffer.byteLength(text) / vocabulary.longestTokenBytes);
  if (leastTokens > contextSize) throw contextExceeded(contextSize, 'at least ', leastTokens, 0);
  return toTokens(text);
}

function refuseOverflow({ tokens }: Prompt, maxTokens: number, { contextSize }: Model): void {
  if (tokens.length + maxTokens > contextSize) throw contextExceeded(contextSize, '', tokens.length, maxTokens);
}

/** In the words of OpenAI's API, which clients know. */
function contextExceeded(contextSize: number, about: string, promptTokens: number, maxTokens: number): ApiError {
  return new ApiError(
    400,
    'context_length_exceeded',
    `This model's maximum context length is ${contextSize} tokens, however you requested ${about}${promptTokens + maxTokens} tokens ` +
      `(${promptTokens} in your prompt; ${maxTokens} for the completion). Please reduce your prompt; or completion length.`,
  );
}
