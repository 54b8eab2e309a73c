import { type Asked, type Body, readAsked, readPrompt, UNLIMITED } from './asked.js';
import { type ChunkPart, Dialect, type Failure, type Refusal, type Told, toUsage } from './dialect.js';

/** The Modelfile's `top_k` stays in force: requests have no field for it. */
const MODELFILE = { top_k: 40 };

export class Ollama extends Dialect {
  override readonly healthPath: string = '/';
  /** `tiny`'s template is the prompt alone, with a place for a suffix; `tiny-chat` has that of a chat model. */
  override readonly models: readonly string[] = ['tiny', 'tiny-chat'];
  protected override readonly fingerprint = 'fp_ollama';

  override refuse(body: Body): Refusal | undefined {
    if (Array.isArray(body.prompt)) {
      const message = 'json: cannot unmarshal array into Go struct field CompletionRequest.prompt of type string';
      return { status: 400, message };
    }
    if (body.model === 'tiny-chat' && body.suffix)
      return { status: 400, message: '"tiny-chat" does not support insert' };
    // It reads no biases, and so none can be wrong.
    return super.refuse({ ...body, logit_bias: {} });
  }

  override read(body: Body): Asked {
    const { model, prompt, suffix } = body;
    const templated = model === 'tiny-chat' ? `<|user|>${String(prompt)}<|assistant|>` : String(prompt);
    const asked = readAsked({ ...body, ...MODELFILE, min_p: 0, ignore_eos: false, logit_bias: {} });
    return {
      ...asked,
      prompts: [readPrompt(templated, typeof suffix === 'string' ? suffix : '')],
      n: 1,
      bestOf: 1,
      echo: false,
      topLogprobs: undefined,
      maxTokens: prompt === '' ? 0 : limitOf(body.max_tokens),
      sampling: { ...asked.sampling, topP: body.top_p === 0 ? 1 : asked.sampling.topP },
    };
  }

  override error({ message, type = 'invalid_request_error' }: Refusal): unknown {
    return { error: { message, type, param: null, code: null } };
  }

  protected override modelNotFound(model: string): Refusal {
    return { status: 404, message: `model "${model}" not found, try pulling it first`, type: 'not_found_error' };
  }

  /** What went wrong is swallowed: a chunk without text, and then nothing. */
  override failInStream(): Failure {
    const choices = [{ text: '', index: 0, finish_reason: null }];
    const chunk = { id: this.newId(), object: 'text_completion', created: 1_763_800_000, model: '', choices };
    return { events: [JSON.stringify({ ...chunk, system_fingerprint: this.fingerprint })], then: 'end' };
  }

  protected override newId(): string {
    return `cmpl-${Math.floor(Math.random() * 999)}`;
  }

  protected override choiceOf(told: Told): object {
    return withoutLogprobs(super.choiceOf(told));
  }

  protected override chunkChoiceOf(part: ChunkPart, told: Told): object {
    return withoutLogprobs(super.chunkChoiceOf(part, told));
  }

  /** With `include_usage` every chunk has one, and all but the last are zeros. */
  protected override chunkOf(part: ChunkPart, told: Told): object {
    const chunk = super.chunkOf(part, told);
    return told.asked.includeUsage ? { ...chunk, usage: toUsage(0, 0) } : chunk;
  }
}

function withoutLogprobs(choice: object): object {
  return Object.fromEntries(Object.entries(choice).filter(([name]) => name !== 'logprobs'));
}

function limitOf(maxTokens: unknown): number {
  return typeof maxTokens === 'number' && maxTokens > 0 ? maxTokens : UNLIMITED;
}
