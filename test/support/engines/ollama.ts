import { type Asked, type Body, readAsked, UNLIMITED } from './asked.js';
import { type ChunkPart, Dialect, type Failure, type Refusal, type Told } from './dialect.js';
import { chatLogprobs } from './logprobs.js';
import { entriesIn, type Entry, type Outcome, textIn } from './run.js';

/** The Modelfile's, where a request says nothing. */
const MODELFILE = { temperature: 0.8, top_k: 40, top_p: 0.9 };

/** Ollama's own endpoint, with the `options` of a request. */
export class Ollama extends Dialect {
  override readonly path: string = '/api/generate';
  override readonly healthPath: string = '/';
  override readonly health: unknown = 'Ollama is running';
  override readonly contentType: string = 'application/x-ndjson';
  /** `tiny`'s template is the prompt alone, with a place for a suffix; `tiny-chat` has that of a chat model. */
  override readonly models: readonly string[] = ['tiny', 'tiny-chat'];
  override readonly frame = (data: string): string => `${data}\n`;

  override understand({ options, top_logprobs: top, ...body }: Body): Body {
    const { num_predict: maxTokens, ...others } = (options ?? {}) as Body;
    const isStream = body.stream !== false;
    const logprobs = body.logprobs === true ? (top ?? 0) : undefined;
    return { ...body, ...MODELFILE, ...others, stream: isStream, max_tokens: maxTokens, logprobs };
  }

  override refuse(body: Body): Refusal | undefined {
    if (typeof body.prompt !== 'string') {
      const message = 'json: cannot unmarshal array into Go struct field GenerateRequest.prompt of type string';
      return { status: 400, message };
    }
    if (body.model === 'tiny-chat' && body.suffix)
      return { status: 400, message: 'registry.ollama.ai/library/tiny-chat:latest does not support insert' };
    // It reads no biases, and so none can be wrong.
    return super.refuse({ ...body, logit_bias: {} });
  }

  override read(body: Body): Asked {
    const { model, prompt, raw, max_tokens: limit } = body;
    const templated = model === 'tiny-chat' && raw !== true ? `<|user|>${String(prompt)}<|assistant|>` : prompt;
    const asked = readAsked({ ...body, prompt: templated, ignore_eos: false, logit_bias: {} });
    const maxTokens = typeof limit === 'number' && limit > 0 ? limit : UNLIMITED;
    return { ...asked, n: 1, bestOf: 1, echo: false, maxTokens: prompt === '' ? 0 : maxTokens };
  }

  override error({ message }: Refusal): unknown {
    return { error: message };
  }

  protected override modelNotFound(model: string): Refusal {
    return { status: 404, message: `model '${model}' not found` };
  }

  override answer(asked: Asked, outcome: Outcome): object {
    const [ran] = outcome.choices;
    if (!ran) throw new Error('there is a choice for each prompt');
    const told = { ran, asked, outcome };
    return { ...this.head(asked), response: textIn(ran), ...this.endOf(told), ...this.scoresOf(entriesIn(ran), asked) };
  }

  override events(asked: Asked, outcome: Outcome): string[] {
    const lines = outcome.choices.flatMap((ran) => {
      const told = { ran, asked, outcome };
      return this.partsOf(told).map((part) => this.lineOf(part, told));
    });
    return lines.map((line) => JSON.stringify({ ...this.head(asked), ...line }));
  }

  override failInStream(): Failure {
    return { events: [JSON.stringify({ error: 'an error was encountered while running the model' })], then: 'end' };
  }

  protected override head({ model }: Asked): object {
    return { model, created_at: '2026-08-21T00:00:00Z' };
  }

  private lineOf({ text, entries, ended }: ChunkPart, told: Told): object {
    return {
      response: text,
      ...(ended === null ? { done: false } : this.endOf(told)),
      ...this.scoresOf(entries, told.asked),
    };
  }

  private endOf({ ran, outcome }: Told): object {
    const { prompt_tokens: prompt, completion_tokens: completion } = this.usageOf(outcome);
    // A count of 0 is left out.
    const counts = { ...(prompt && { prompt_eval_count: prompt }), ...(completion && { eval_count: completion }) };
    return { done: true, done_reason: this.finishOf(ran.ended), ...counts };
  }

  private scoresOf(entries: readonly Entry[], { topLogprobs }: Asked): object {
    if (topLogprobs === undefined || entries.length === 0) return {};
    return { logprobs: chatLogprobs(entries, topLogprobs).content };
  }
}
