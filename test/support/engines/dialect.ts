import { randomUUID } from 'node:crypto';
import { type Asked, type Body, promptsOf, readAsked, withoutNulls } from './asked.js';
import { legacyLogprobs } from './logprobs.js';
import { entriesIn, type Entry, type Outcome, type Part, type Ran, textIn } from './run.js';
import { VOCABULARY_SIZE } from './tiny-vocabulary.js';

/** An error, which each dialect writes in its own shape. */
export interface Refusal {
  status: number;
  message: string;
  type?: string;
  param?: string;
  code?: string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export interface ChunkPart extends Part {
  ended: Ran['ended'] | null;
}

/** One choice, and what it is a part of. */
export interface Told {
  ran: Ran;
  asked: Asked;
  outcome: Outcome;
}

/** How a stream ends when the engine fails in mid-stream. */
export interface Failure {
  events: string[];
  then: 'end' | 'cut';
}

export type Route = (body: Body) => { json: unknown } | { events: string[] };

/** How one engine reads requests and writes answers. This one is the contract's; engines override where they differ. */
export class Dialect {
  /** The path of its health check, if it has one. */
  readonly healthPath: string | undefined = undefined;
  /** The body of its health check. */
  readonly health: unknown = { status: 'ok' };
  readonly models: readonly string[] = ['tiny'];
  /** Whether it closes the connection after a stream, though it said that it would keep it. */
  readonly closesAfterStream: boolean = false;
  /** The one endpoint that completes. */
  readonly path: string = '/v1/completions';
  readonly contentType: string = 'text/event-stream';
  /** Its other endpoints, by path. */
  readonly routes: Readonly<Record<string, Route>> = {};
  /** Whether every name stands for the one loaded model. */
  protected readonly takesAnyModel: boolean = false;
  /** Whether choices are generated one after the other, not side by side. */
  protected readonly isSerial: boolean = false;
  protected readonly fingerprint: string | null | undefined = 'fp_tiny';

  /** A message of a stream. */
  readonly frame = (data: string): string => `data: ${data}\n\n`;

  /** A body in the names of the contract. */
  understand(body: Body): Body {
    return body;
  }

  /** Why a body is not answered. */
  refuse(body: Body): Refusal | undefined {
    if (!this.takesAnyModel && !this.models.includes(String(body.model))) return this.modelNotFound(String(body.model));
    const given = withoutNulls(body);
    const ids = [...promptsOf(given.prompt).flat(), ...Object.keys(given.logit_bias ?? {}).map(Number)];
    const unknown = ids.find((id) => typeof id === 'number' && !(id < VOCABULARY_SIZE));
    return unknown === undefined ? undefined : { status: 400, message: `${unknown} is not a token of this model` };
  }

  protected modelNotFound(model: string): Refusal {
    const message = `The model \`${model}\` does not exist`;
    return { status: 404, message, type: 'invalid_request_error', param: 'model', code: 'model_not_found' };
  }

  /** How it understands a body. */
  read(body: Body): Asked {
    return readAsked(body);
  }

  /** The body of an error; a text is sent as plain text. */
  error({ message, type = 'invalid_request_error', param, code }: Refusal): unknown {
    return { error: { message, type, param: param ?? null, code: code ?? null } };
  }

  answer(asked: Asked, outcome: Outcome): object {
    const choices = this.inOrder(outcome.choices).map((ran) => this.choiceOf({ ran, asked, outcome }));
    return { ...this.head(asked), choices, usage: this.usageOf(outcome) };
  }

  /** The data of each event of a stream. */
  events(asked: Asked, outcome: Outcome): string[] {
    const head = this.head(asked);
    const choices = outcome.choices.map((ran): object[] => {
      const told = { ran, asked, outcome };
      return this.partsOf(told).map((part) => this.chunkOf(part, told));
    });
    const chunks = this.isSerial ? choices.flat() : interleave(choices);
    const usage = this.usageChunk(asked, outcome);
    if (usage) chunks.push(usage);
    return [...chunks.map((chunk) => JSON.stringify({ ...head, ...chunk })), '[DONE]'];
  }

  failInStream(): Failure {
    return { events: [JSON.stringify(this.error({ status: 500, message: 'out of memory' }))], then: 'end' };
  }

  protected newId(): string {
    return `cmpl-${randomUUID().replaceAll('-', '')}`;
  }

  protected head({ model }: Asked): object {
    const head = { id: this.newId(), object: 'text_completion', created: 1_763_800_000, model };
    return this.fingerprint === undefined ? head : { ...head, system_fingerprint: this.fingerprint };
  }

  /** The choices of a whole answer, in the order in which they are written. */
  protected inOrder(choices: readonly Ran[]): Ran[] {
    return [...choices];
  }

  protected choiceOf(told: Told): object {
    const { ran } = told;
    return {
      index: this.indexOf(ran),
      text: textIn(ran),
      logprobs: this.logprobsOf(entriesIn(ran), told),
      finish_reason: this.finishOf(ran.ended),
    };
  }

  /** A stream's pieces of one choice: the echo, each token, and the end. */
  protected partsOf({ ran: { echo, parts, ended } }: Told): ChunkPart[] {
    const before = echo ? [echo] : [];
    return [...[...before, ...parts].map((part) => ({ ...part, ended: null })), { text: '', entries: [], ended }];
  }

  protected chunkOf(part: ChunkPart, told: Told): object {
    return { choices: [this.chunkChoiceOf(part, told)] };
  }

  protected chunkChoiceOf({ text, entries, ended }: ChunkPart, told: Told): object {
    return {
      index: this.indexOf(told.ran),
      text,
      logprobs: entries.length === 0 ? null : this.logprobsOf(entries, told),
      finish_reason: ended === null ? this.noFinish() : this.finishOf(ended),
    };
  }

  /** What comes after the choices' chunks. */
  protected usageChunk(asked: Asked, outcome: Outcome): object | undefined {
    return asked.includeUsage ? { choices: [], usage: this.usageOf(outcome) } : undefined;
  }

  protected indexOf(ran: Ran): number {
    return ran.index;
  }

  protected logprobsOf(entries: readonly Entry[], { asked: { topLogprobs } }: Told): unknown {
    return topLogprobs === undefined ? null : legacyLogprobs(entries, topLogprobs);
  }

  protected finishOf(ended: Ran['ended']): string {
    return ended === 'limit' ? 'length' : 'stop';
  }

  protected noFinish(): string | null {
    return null;
  }

  protected usageOf(outcome: Outcome): Usage {
    return toUsage(outcome.promptTokens, outcome.completionTokens);
  }
}

export function toUsage(promptTokens: number, completionTokens: number): Usage {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

/** The usage of one choice as if it had been alone. */
export function usageOfOne({ prompt, tokenCount }: Ran): Usage {
  return toUsage(prompt.context.length, tokenCount);
}

/** The first of each list, then the second of each: choices are generated side by side. */
function interleave<T>(lists: readonly (readonly T[])[]): T[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => lists.flatMap((list) => list.slice(at, at + 1))).flat();
}
