import { type Asked, type Body, readAsked } from './asked.js';
import { type ChunkPart, Dialect, type Failure, type Refusal, type Told, toUsage } from './dialect.js';
import { decodedAlone, legacyLogprobs } from './logprobs.js';
import type { Entry } from './run.js';

/** The model's `generation_config.json` has sampling options of its own, which count where the request says nothing. */
const GENERATION_CONFIG = { temperature: 0.6, top_p: 0.9 };

export class Vllm extends Dialect {
  override readonly healthPath: string = '/health';
  protected override readonly fingerprint = null;

  override refuse(body: Body): Refusal | undefined {
    if (body.suffix !== undefined && body.suffix !== null) return bad('suffix is not currently supported');
    if (body.prompt === '') return bad('Either prompt or prompt_embeds must be provided and non-empty.');
    if (body.top_p === 0) return bad('top_p must be in (0, 1], got 0.0.');
    if (body.n === null) return bad("1 validation error:\n  {'type': 'int_type', 'loc': ('body', 'n')}");
    if (body.max_tokens === 0 && body.echo !== true) return bad('max_tokens must be at least 1, got 0.');
    if (Number(body.n ?? 1) > 1 && body.temperature === 0) {
      return bad(`n must be 1 when using greedy sampling, got ${Number(body.n)}.`);
    }
    if (Number(body.logprobs ?? 0) > 20) return bad('Requested sample logprobs is greater than max allowed: 20');
    if (body.stream_options && body.stream !== true)
      return bad('Stream options can only be defined when `stream=True`.');
    if (Object.keys(body.logit_bias ?? {}).some((key) => !/^\d+$/.test(key))) return bad('invalid key in logit_bias');
    return super.refuse(body);
  }

  override read(body: Body): Asked {
    const asked = readAsked({ ...GENERATION_CONFIG, ...body });
    return { ...asked, bestOf: asked.n };
  }

  override error({ status, message, type = 'BadRequestError', param }: Refusal): unknown {
    if (status === 401) return { error: 'Unauthorized' };
    return { error: { message, type, param: param ?? null, code: status } };
  }

  protected override modelNotFound(model: string): Refusal {
    const message = `The model \`${model}\` does not exist.`;
    return { status: 404, message, type: 'NotFoundError', param: 'model' };
  }

  override failInStream(): Failure {
    const error = this.error({ status: 500, message: 'out of memory', type: 'InternalServerError' });
    return { events: [JSON.stringify(error), '[DONE]'], then: 'end' };
  }

  protected override choiceOf(told: Told): object {
    return { ...super.choiceOf(told), stop_reason: null, prompt_logprobs: null };
  }

  /** The echo comes with the first token, and the finish with the last. */
  protected override partsOf({ ran: { echo, parts, ended } }: Told): ChunkPart[] {
    const [first = { text: '', entries: [] }, ...others] = parts;
    const whole = [
      { text: (echo?.text ?? '') + first.text, entries: [...(echo?.entries ?? []), ...first.entries] },
      ...others,
    ];
    return whole.map((part, at) => ({ ...part, ended: at === whole.length - 1 ? ended : null }));
  }

  protected override chunkOf(part: ChunkPart, told: Told): object {
    const { ran, asked } = told;
    const chunk = super.chunkOf(part, told);
    const isCounted = asked.includeUsage && asked.continuousUsage;
    return isCounted ? { ...chunk, usage: toUsage(ran.prompt.context.length, 1) } : chunk;
  }

  /** Offsets count from the begin of what is returned: with `echo` that is the prompt's, without it the completion's. */
  protected override logprobsOf(entries: readonly Entry[], { asked, ran }: Told): unknown {
    if (asked.topLogprobs === undefined) return null;
    const legacy = legacyLogprobs(entries, asked.topLogprobs, decodedAlone);
    const hidden = asked.echo ? 0 : [...ran.prompt.text].length;
    return { ...legacy, text_offset: legacy.text_offset.map((offset) => offset - hidden) };
  }
}

function bad(message: string): Refusal {
  return { status: 400, message };
}
