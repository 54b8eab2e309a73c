import { DEFAULT_MAX_TOKENS, promptsOf } from '../src/contract/prompts.js';
import { toBigInt } from '../src/common/exact-json.js';
import { randomInt } from 'node:crypto';
import { ApiError } from '../src/errors/api-error.js';
import type { EngineBody } from './engine-fields.js';
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
  /** How many of the likeliest tokens to report at each position; undefined without `logprobs`. */
  readonly topLogprobs: number | undefined;
  readonly sampling: SamplingOptions;
  readonly ending: Ending;
  readonly seed: bigint;
  readonly returnsTokenIds: boolean;
  readonly stream:
    | { readonly includeUsage: boolean; readonly continuousUsage: boolean; readonly includeObfuscation: boolean }
    | undefined;
}

/** What ends a text, and how much of that the text shows. */
export interface Ending {
  /** Tokens that end it like a stop text. */
  readonly stopTokens: ReadonlySet<number>;
  /** Generation continues past the end-of-text token. */
  readonly ignoresEnd: boolean;
  /** The text includes what it stopped at. */
  readonly keepsStop: boolean;
  /** Special tokens are written out. */
  readonly showsSpecial: boolean;
}

export interface Prompt {
  /** Everything that is evaluated: the client's tokens and what the model needs around them. */
  readonly tokens: readonly number[];
  /** Where the client's prompt begins and ends in `tokens`. */
  readonly ownStart: number;
  readonly ownEnd: number;
  /** The client's prompt as text. */
  readonly text: string;
}

/** @throws {ApiError} 400 when this model cannot do what the body asks for; nothing has been evaluated by then. */
export function toCompletionRequest(body: EngineBody, model: Model): CompletionRequest {
  const n = body.n ?? 1;
  const maxTokens = body.max_tokens ?? DEFAULT_MAX_TOKENS;
  const addsSpecial = body.add_special_tokens ?? true;
  const prompts = promptsOf(body).map((prompt) => arrange(prompt, body.suffix ?? '', addsSpecial, model));
  const includeUsage = body.stream_options?.include_usage ?? false;
  for (const prompt of prompts) refuseOverflow(prompt, maxTokens, model);
  return {
    model: body.model,
    prompts,
    n,
    // 0 means not given.
    bestOf: Math.max(n, body.best_of ?? 0),
    maxTokens,
    echo: body.echo ?? false,
    stops: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
    topLogprobs: body.logprobs ?? undefined,
    sampling: samplingOf(body, model),
    ending: {
      stopTokens: stopTokensOf(body, model),
      ignoresEnd: body.ignore_eos ?? false,
      keepsStop: body.include_stop_str_in_output ?? false,
      showsSpecial: body.skip_special_tokens === false,
    },
    seed: toBigInt(body.seed ?? randomInt(2 ** 48 - 1)),
    returnsTokenIds: body.return_token_ids ?? false,
    stream: body.stream
      ? {
          includeUsage,
          // As in vLLM, it takes `include_usage`.
          continuousUsage: includeUsage && (body.stream_options?.continuous_usage_stats ?? false),
          includeObfuscation: body.stream_options?.include_obfuscation ?? false,
        }
      : undefined,
  };
}

/**
 * Puts the prompt into the order that the model was trained on: with a suffix,
 * `<fim-prefix> prompt <fim-suffix> suffix <fim-middle>`.
 *
 * An empty suffix means not given: there is no gap to fill. An empty prompt becomes the start token.
 */
function arrange(prompt: string | number[], suffix: string, addsSpecial: boolean, model: Model): Prompt {
  const { vocabulary, startToken, prependsStartToken } = model;
  const isText = typeof prompt === 'string';
  if (!isText) refuseUnknownTokens(prompt, model, 'prompt');
  const own = isText ? tokenize(prompt, model) : prompt;
  const start = isText && addsSpecial && prependsStartToken && startToken !== undefined ? [startToken] : [];
  const around = suffix === '' ? { before: start, after: [] } : aroundGap(start, suffix, model);
  const isEmpty = around.before.length + own.length + around.after.length === 0;
  const before = isEmpty ? [requireStartToken(addsSpecial, model)] : around.before;
  return {
    tokens: [...before, ...own, ...around.after],
    ownStart: before.length,
    ownEnd: before.length + own.length,
    text: isText ? prompt : vocabulary.promptTextOf(own),
  };
}

function aroundGap(start: number[], suffix: string, model: Model): { before: number[]; after: number[] } {
  const { fillInMiddle } = model;
  if (!fillInMiddle) {
    const message = 'This model has no tokens to fill in the middle: it cannot use suffix.';
    throw new ApiError(400, 'unsupported_parameter', message, { param: 'suffix' });
  }
  const after = [fillInMiddle.suffix, ...tokenize(suffix, model), fillInMiddle.middle];
  return { before: [...start, fillInMiddle.prefix], after };
}

function requireStartToken(addsSpecial: boolean, { startToken }: Model): number {
  if (startToken !== undefined && addsSpecial) return startToken;
  const why = addsSpecial ? 'This model has no start token' : 'No start token is to be added';
  const message = `${why}: an empty prompt gives the model nothing to go on.`;
  throw new ApiError(400, 'invalid_value', message, { param: 'prompt' });
}

function refuseUnknownTokens(tokens: readonly number[], { vocabulary }: Model, param: string): void {
  const unknown = tokens.find((token) => token >= vocabulary.size);
  if (unknown === undefined) return;
  const message = `${param}: ${unknown} is not a token id of this model: they go from 0 to ${vocabulary.size - 1}.`;
  throw new ApiError(400, 'invalid_value', message, { param });
}

/** Beyond these, a product with a logit is no longer finite. */
const PENALTY_LIMITS = { least: 1e-30, most: 1e30 };

function samplingOf(body: EngineBody, model: Model): SamplingOptions {
  const logitBias = logitBiasOf(body, model);
  const banned = bannedBy(body, logitBias, model);
  const minTokens = body.min_tokens ?? 0;
  const ends = minTokens > 0 ? [...model.endTokens, ...(body.stop_token_ids ?? [])] : [];
  const { least, most } = PENALTY_LIMITS;
  return {
    temperature: body.temperature ?? 1,
    topP: body.top_p ?? 1,
    topK: (body.top_k ?? 0) > 0 ? Number(body.top_k) : Infinity,
    minP: body.min_p ?? 0,
    frequencyPenalty: body.frequency_penalty ?? 0,
    presencePenalty: body.presence_penalty ?? 0,
    repetitionPenalty: Math.min(most, Math.max(least, body.repetition_penalty ?? 1)),
    logitBias,
    banned,
    minTokens,
    bannedAtFirst: ends.length === 0 ? banned : new Set([...banned, ...ends]),
  };
}

/** Special tokens are never chosen, unless the request asks to see them, stops at one, or raises one by a bias. */
function bannedBy(
  { skip_special_tokens: skips, stop_token_ids: stops }: EngineBody,
  logitBias: ReadonlyMap<number, number>,
  { specialTokens }: Model,
): ReadonlySet<number> {
  if (skips === false) return new Set();
  const raised = [...logitBias].filter(([, bias]) => bias > 0).map(([token]) => token);
  const wanted = [...raised, ...(stops ?? [])].filter((token) => specialTokens.has(token));
  return wanted.length === 0 ? specialTokens : specialTokens.difference(new Set(wanted));
}

function logitBiasOf(body: EngineBody, model: Model): Map<number, number> {
  const biases = Object.entries(body.logit_bias ?? {}).map(([token, bias]): [number, number] => [Number(token), bias]);
  const tokens = biases.map(([token]) => token);
  refuseUnknownTokens(tokens, model, 'logit_bias');
  return new Map(biases);
}

function stopTokensOf({ stop_token_ids: tokens }: EngineBody, model: Model): ReadonlySet<number> {
  refuseUnknownTokens(tokens ?? [], model, 'stop_token_ids');
  return new Set(tokens);
}

/** Tokenizing megabytes blocks the process for seconds: a text that cannot fit is refused by its length. */
function tokenize(text: string, { vocabulary, contextSize, tokenize: toTokens }: Model): number[] {
  const leastTokens = Math.ceil(Buffer.byteLength(text) / vocabulary.longestTokenBytes);
  if (leastTokens > contextSize) throw contextExceeded(contextSize, 'at least ', leastTokens, 0);
  return toTokens(text);
}

function refuseOverflow({ tokens }: Prompt, maxTokens: number, { contextSize }: Model): void {
  if (tokens.length + maxTokens > contextSize) throw contextExceeded(contextSize, '', tokens.length, maxTokens);
}

/** OpenAI's wording, which clients parse. */
function contextExceeded(contextSize: number, about: string, promptTokens: number, maxTokens: number): ApiError {
  return new ApiError(
    400,
    'context_length_exceeded',
    `This model's maximum context length is ${contextSize} tokens, however you requested ${about}${promptTokens + maxTokens} tokens ` +
      `(${promptTokens} in your prompt; ${maxTokens} for the completion). Please reduce your prompt; or completion length.`,
  );
}
