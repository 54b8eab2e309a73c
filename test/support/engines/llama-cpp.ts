import { randomUUID } from 'node:crypto';
import { type Asked, type Body, readAsked, readPrompt, UNLIMITED } from './asked.js';
import {
  type ChunkPart,
  Dialect,
  type Failure,
  type Refusal,
  type Route,
  type Told,
  toUsage,
  type Usage,
  usageOfOne,
} from './dialect.js';
import { chatLogprobs, wholeCharacters } from './logprobs.js';
import { type Entry, type Outcome, run, textIn } from './run.js';

const DEFAULTS = { top_k: 40, top_p: 0.95, min_p: 0.05 };
const SLOTS = 4;
const PENALTY_WINDOW = 64;
const NOT_NULL =
  /^(n|best_of|max_tokens|n_predict|temperature|top_p|top_k|min_p|frequency_penalty|presence_penalty|seed|logprobs|stream|echo)$/;

export class LlamaCpp extends Dialect {
  override readonly healthPath: string | undefined = '/health';
  override readonly closesAfterStream: boolean = true;
  override readonly routes: Readonly<Record<string, Route>> = { '/infill': infill };
  protected override readonly takesAnyModel = true;
  protected override readonly fingerprint = 'b4567-0a1b2c3d';

  override refuse(body: Body): Refusal | undefined {
    const nullName = Object.keys(body).find((name) => body[name] === null && NOT_NULL.test(name));
    if (nullName !== undefined) {
      const type = /^(stream|echo)$/.test(nullName) ? 'boolean' : 'number';
      return bad(`[json.exception.type_error.302] type must be ${type}, but is null`);
    }
    if (Number(body.n ?? 1) > SLOTS) return bad(`n must be at most the number of slots, ${SLOTS}`);
    return super.refuse(body);
  }

  override read(body: Body): Asked {
    const asked = readAsked({ ...DEFAULTS, ...body, suffix: '' });
    return {
      ...asked,
      bestOf: asked.n,
      echo: false,
      topLogprobs: asked.topLogprobs === 0 ? undefined : asked.topLogprobs,
      maxTokens: body.prompt === '' ? 0 : limitOf(body.max_tokens ?? body.n_predict),
      sampling: { ...asked.sampling, penaltyWindow: PENALTY_WINDOW },
    };
  }

  override error({ status, message, type = 'invalid_request_error' }: Refusal): unknown {
    return { error: { code: status, message, type } };
  }

  override failInStream(): Failure {
    const error = this.error({ status: 500, message: 'failed to decode', type: 'server_error' });
    return { events: [JSON.stringify(error)], then: 'end' };
  }

  override events(asked: Asked, outcome: Outcome): string[] {
    const events = super.events(asked, outcome);
    return asked.prompts.length > 1 ? ['null', ...events] : events;
  }

  protected override newId(): string {
    return `chatcmpl-${randomUUID().replaceAll('-', '')}`;
  }

  /** It counts the first choice only. */
  protected override usageOf({ choices: [first] }: Outcome): Usage {
    return first ? usageOfOne(first) : toUsage(0, 0);
  }

  /** The end of each choice has its usage, whether or not anybody asked. */
  protected override chunkOf(part: ChunkPart, told: Told): object {
    const { ran } = told;
    const chunk = super.chunkOf(part, told);
    const timings = { prompt_n: ran.prompt.context.length, predicted_n: ran.tokenCount };
    return part.ended === null ? chunk : { ...chunk, usage: usageOfOne(ran), timings };
  }

  protected override usageChunk(): undefined {
    return undefined;
  }

  protected override logprobsOf(entries: readonly Entry[], { asked: { topLogprobs } }: Told): unknown {
    return topLogprobs === undefined ? null : chatLogprobs(entries, topLogprobs, wholeCharacters);
  }
}

function bad(message: string): Refusal {
  return { status: 400, message };
}

/** Less than 0, or nothing, is without limit; 0 is one token. */
function limitOf(maxTokens: unknown): number {
  if (typeof maxTokens !== 'number' || maxTokens < 0) return UNLIMITED;
  return Math.max(1, maxTokens);
}

/** The gap between `input_prefix` and `input_suffix`, in llama.cpp's own shape. */
function infill(body: Body): ReturnType<Route> {
  const { input_prefix: prefix = '', input_suffix: suffix = '', prompt: middle = '' } = body as Record<string, string>;
  const prompt = readPrompt(prefix + middle, suffix);
  const asked = readAsked({ ...DEFAULTS, ...body, model: 'tiny', prompt: '' });
  const { choices } = run({
    ...asked,
    n: 1,
    bestOf: 1,
    echo: false,
    sampling: { ...asked.sampling, penaltyWindow: PENALTY_WINDOW },
    prompts: [prompt],
    maxTokens: limitOf(body.n_predict ?? body.max_tokens),
    topLogprobs: typeof body.n_probs === 'number' && body.n_probs > 0 ? body.n_probs : undefined,
  });
  const [ran] = choices;
  if (!ran) throw new Error('there is no choice');
  const probabilities = (entries: readonly Entry[]): object =>
    body.n_probs === undefined
      ? {}
      : { completion_probabilities: chatLogprobs(entries, Number(body.n_probs), wholeCharacters).content };
  const counts = { tokens_predicted: ran.tokenCount, tokens_evaluated: prompt.context.length };
  const last = {
    index: 0,
    content: '',
    tokens: [],
    id_slot: 0,
    stop: true,
    model: 'tiny',
    ...counts,
    truncated: false,
    stop_type: { end: 'eos', limit: 'limit', stop: 'word' }[ran.ended],
    stopping_word: '',
  };
  if (!asked.stream) {
    return { json: { ...last, content: textIn(ran), ...probabilities(ran.parts.flatMap(({ entries }) => entries)) } };
  }
  const events = ran.parts.map(({ text, entries }) => ({
    index: 0,
    content: text,
    tokens: [],
    stop: false,
    id_slot: 0,
    tokens_predicted: entries.length,
    tokens_evaluated: prompt.context.length,
    ...probabilities(entries),
  }));
  return { events: [...events, last].map((event) => JSON.stringify(event)) };
}
