import { randomBytes, randomUUID } from 'node:crypto';
import type { ChoicePart } from './complete-prompt.js';
import type { CompletionRequest } from './completion-request.js';
import type { Usage } from './engine.js';
import type { FinishReason } from './generate.js';
import type { Model } from './load-model.js';
import type { Vocabulary } from './vocabulary.js';

/** OpenAI's legacy shape: four lists of the same length. */
export interface LegacyLogprobs {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
}

export interface ChoiceBody {
  index: number;
  text: string;
  logprobs: LegacyLogprobs | null;
  finish_reason: FinishReason | null;
  /** With `return_token_ids`; null but in the first chunk of a choice. */
  prompt_token_ids?: readonly number[] | null;
  token_ids?: number[];
}

/** A `text_completion` object: the whole answer, or one chunk of a stream. */
export interface CompletionBody {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
  system_fingerprint: string;
  choices: ChoiceBody[];
  usage?: Usage;
  obfuscation?: string;
}

/** Turns the parts of choices into OpenAI's objects. */
export class AnswerWriter {
  readonly #head: Omit<CompletionBody, 'choices'>;

  constructor(
    private readonly request: CompletionRequest,
    private readonly model: Model,
  ) {
    this.#head = {
      id: `cmpl-${randomUUID().replaceAll('-', '')}`,
      object: 'text_completion',
      created: Math.floor(Date.now() / 1000),
      model: request.model,
      system_fingerprint: model.fingerprint,
    };
  }

  /** `usage` holds the counts so far; it is sent with `continuous_usage_stats` only. */
  chunkOf(part: ChoicePart, usage?: Usage): CompletionBody {
    const padding = this.request.stream?.includeObfuscation ? { obfuscation: obfuscationFor(part.text) } : {};
    const counts = usage && this.request.stream?.continuousUsage ? { usage } : {};
    return { ...this.#head, choices: [this.#choiceOf(part)], ...counts, ...padding };
  }

  #choiceOf({ index, text, tokens, finishReason, promptIds, ids }: ChoicePart): ChoiceBody {
    const logprobs = this.request.topLogprobs === undefined ? null : toLegacyLogprobs(tokens, this.model.vocabulary);
    const choice = { index, text, logprobs, finish_reason: finishReason };
    return this.request.returnsTokenIds ? { ...choice, prompt_token_ids: promptIds, token_ids: [...ids] } : choice;
  }

  usageChunk(usage: Usage): CompletionBody {
    return { ...this.#head, choices: [], usage };
  }

  answer(parts: readonly ChoicePart[], usage: Usage): CompletionBody {
    const choices: ChoiceBody[] = [];
    for (const part of parts) {
      const added = this.#choiceOf(part);
      const choice = choices[part.index];
      if (choice) append(choice, added);
      else choices[part.index] = added;
    }
    return { ...this.#head, choices, usage };
  }
}

function append(choice: ChoiceBody, added: ChoiceBody): void {
  choice.text += added.text;
  choice.finish_reason = added.finish_reason;
  choice.token_ids?.push(...(added.token_ids ?? []));
  if (!choice.logprobs || !added.logprobs) return;
  choice.logprobs.tokens.push(...added.logprobs.tokens);
  choice.logprobs.token_logprobs.push(...added.logprobs.token_logprobs);
  choice.logprobs.top_logprobs.push(...added.logprobs.top_logprobs);
  choice.logprobs.text_offset.push(...added.logprobs.text_offset);
}

function toLegacyLogprobs(tokens: ChoicePart['tokens'], vocabulary: Vocabulary): LegacyLogprobs {
  return {
    tokens: tokens.map(({ value }) => vocabulary.nameOf(value.token)),
    token_logprobs: tokens.map(({ value }) => value.logprob),
    top_logprobs: tokens.map(({ value }) => value.top && nameTop(value.top, vocabulary)),
    text_offset: tokens.map(({ offset }) => offset),
  };
}

/** Two tokens can have the same name: the likelier one, which comes first, keeps it. */
function nameTop(top: readonly (readonly [number, number])[], vocabulary: Vocabulary): Record<string, number> {
  const named = new Map<string, number>();
  for (const [token, logprob] of top) {
    const name = vocabulary.nameOf(token);
    if (!named.has(name)) named.set(name, logprob);
  }
  return Object.fromEntries(named);
}

/** Pads a chunk, so that texts of similar length look alike on the wire. */
function obfuscationFor(text: string): string {
  const length = 16 - (Buffer.byteLength(text) % 16);
  return randomBytes(length).toString('base64url').slice(0, length);
}
