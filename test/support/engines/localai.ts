import { randomUUID } from 'node:crypto';
import { type Asked, type Body, isOfTokens, readAsked, UNLIMITED } from './asked.js';
import { type ChunkPart, Dialect, type Failure, type Refusal, type Told, toUsage, type Usage } from './dialect.js';
import { chatLogprobs } from './logprobs.js';
import type { Entry, Outcome, Ran } from './run.js';

const DEFAULTS = { temperature: 0.9, top_p: 0.95, top_k: 40 };

export class LocalAi extends Dialect {
  override readonly healthPath: string = '/readyz';
  protected override readonly isSerial = true;
  protected override readonly fingerprint = undefined;

  override refuse(body: Body): Refusal | undefined {
    if (body.stream === true && Array.isArray(body.prompt) && body.prompt.length > 1 && !isOfTokens(body.prompt)) {
      return { status: 400, message: 'cannot handle more than 1 `PromptStrings` when Streaming' };
    }
    return super.refuse({ ...body, prompt: isOfTokens(body.prompt) ? [] : body.prompt });
  }

  override read(body: Body): Asked {
    const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
    const asked = readAsked({ ...DEFAULTS, ...given, suffix: '' });
    return {
      ...asked,
      // It knows texts only: of ids nothing is left.
      prompts: isOfTokens(body.prompt) ? [] : asked.prompts,
      bestOf: asked.n,
      scoresPrompt: false,
      topLogprobs: asked.topLogprobs === 0 ? undefined : asked.topLogprobs,
      maxTokens: typeof body.max_tokens === 'number' && body.max_tokens > 0 ? body.max_tokens : UNLIMITED,
    };
  }

  override error({ status, message }: Refusal): unknown {
    return { error: { code: status, message, type: '' } };
  }

  /** The error is told as if the model had said it. */
  override failInStream(): Failure {
    const head = { id: this.newId(), object: 'text_completion', created: 1_763_800_000, model: 'tiny' };
    const chunks = [
      { ...head, choices: [{ index: 0, text: 'Internal error: rpc error: code = Unknown', finish_reason: null }] },
      { ...head, choices: [{ index: 0, finish_reason: 'stop' }] },
    ];
    return { events: [...chunks.map((chunk) => JSON.stringify(chunk)), '[DONE]'], then: 'end' };
  }

  protected override newId(): string {
    return randomUUID();
  }

  protected override finishOf(): string {
    return 'stop';
  }

  /** All choices of one prompt have the prompt's. */
  protected override indexOf({ promptIndex }: Ran): number {
    return promptIndex;
  }

  protected override usageOf(): Usage {
    return toUsage(0, 0);
  }

  protected override usageChunk({ includeUsage }: Asked, outcome: Outcome): object | undefined {
    return includeUsage ? { choices: [], usage: toUsage(outcome.promptTokens, outcome.completionTokens) } : undefined;
  }

  /** The last chunk of each choice has no text at all. */
  protected override chunkChoiceOf(part: ChunkPart, told: Told): object {
    if (part.ended !== null) return { index: this.indexOf(told.ran), finish_reason: this.finishOf() };
    return super.chunkChoiceOf(part, told);
  }

  protected override logprobsOf(entries: readonly Entry[], { asked: { topLogprobs } }: Told): unknown {
    return topLogprobs === undefined ? null : chatLogprobs(entries, topLogprobs);
  }
}
