import { randomUUID } from 'node:crypto';
import { type Asked, type Body, readAsked } from './asked.js';
import { Dialect, type Failure, type Refusal, type Told } from './dialect.js';
import { decodedAlone, legacyLogprobs } from './logprobs.js';
import type { Entry } from './run.js';
import { topOf } from './tiny-model.js';

/** The model's `generation_config.json` has sampling options of its own, which count where the request says nothing. */
const GENERATION_CONFIG = { temperature: 0.6, top_p: 0.9 };
const NOT_NULL = ['n', 'echo', 'stream', 'max_tokens', 'temperature', 'top_p', 'frequency_penalty', 'presence_penalty'];

export class Sglang extends Dialect {
  override readonly healthPath: string = '/health';
  protected override readonly takesAnyModel = true;
  protected override readonly fingerprint = undefined;

  override refuse(body: Body): Refusal | undefined {
    const nullName = NOT_NULL.find((name) => body[name] === null);
    if (nullName !== undefined) return bad(`1 validation error: body.${nullName}: Input should be valid`);
    if (body.max_tokens === 0) return bad('max_new_tokens must be at least 1, got 0.');
    return super.refuse(body);
  }

  override read(body: Body): Asked {
    // It was started without a completion template: the suffix is dropped.
    const asked = readAsked({ ...GENERATION_CONFIG, ...body, suffix: '' });
    return { ...asked, bestOf: asked.n, topLogprobs: asked.topLogprobs === 0 ? undefined : asked.topLogprobs };
  }

  override error({ status, message, type = 'BadRequestError', param }: Refusal): unknown {
    return { object: 'error', message, type, param: param ?? null, code: status };
  }

  override failInStream(): Failure {
    const error = { error: this.error({ status: 500, message: 'out of memory', type: 'InternalServerError' }) };
    return { events: [JSON.stringify(error), '[DONE]'], then: 'end' };
  }

  protected override newId(): string {
    return randomUUID().replaceAll('-', '');
  }

  protected override choiceOf(told: Told): object {
    return { ...super.choiceOf(told), matched_stop: null };
  }

  /** Without offsets, and with the chosen token among the top ones only where it belongs there. */
  protected override logprobsOf(entries: readonly Entry[], { asked: { topLogprobs } }: Told): unknown {
    if (topLogprobs === undefined) return null;
    const legacy = legacyLogprobs(entries, topLogprobs, decodedAlone);
    return {
      ...legacy,
      text_offset: entries.map(() => -1),
      top_logprobs: entries.map(
        ({ scored }) =>
          scored && Object.fromEntries(topOf(scored, topLogprobs).map((top) => [decodedAlone(top.token), top.logprob])),
      ),
    };
  }
}

function bad(message: string): Refusal {
  return { status: 400, message };
}
