import { type Asked, type Body, isOfTokens, readAsked, UNLIMITED } from './asked.js';
import { type ChunkPart, Dialect, type Failure, type Refusal, type Told, toUsage } from './dialect.js';
import type { Ran } from './run.js';

const MAX_PROMPTS = 4;
const MAX_BODY_BYTES = 2 * 1024 * 1024;

export class Tgi extends Dialect {
  override readonly healthPath: string = '/health';
  /** Another name is that of an adapter, and this server has none. */
  protected override readonly takesAnyModel = false;
  protected override readonly fingerprint = '3.3.4-sha-9f5e9d6';

  override refuse(body: Body): Refusal | undefined {
    if (JSON.stringify(body).length > MAX_BODY_BYTES)
      return { status: 413, message: 'length limit exceeded', type: '' };
    const type = wronglyTyped(body);
    if (type !== undefined) return { status: 422, message: `Failed to deserialize the JSON body: ${type}`, type: '' };
    if (Array.isArray(body.prompt) && body.prompt.length > MAX_PROMPTS) {
      return invalid(`Number of prompts exceeds the maximum allowed batch size of ${MAX_PROMPTS}`);
    }
    if (typeof body.suffix === 'string') {
      const message = 'Suffix is not supported and can be achieved by preprocessing the prompt.';
      return { status: 422, message, type: 'suffix not supported' };
    }
    if (body.max_tokens === 0) return invalid('`max_new_tokens` must be strictly positive');
    if (typeof body.top_p === 'number' && (body.top_p <= 0 || body.top_p >= 1)) {
      return invalid('`top_p` must be > 0.0 and < 1.0');
    }
    if (Array.isArray(body.stop) && body.stop.length > 4) return invalid('`stop` supports up to 4 stop sequences');
    return super.refuse({ ...body, logit_bias: {} });
  }

  override read(body: Body): Asked {
    const asked = readAsked({ ...body, logit_bias: {}, presence_penalty: 0, top_k: 0, min_p: 0, ignore_eos: false });
    return {
      ...asked,
      n: 1,
      bestOf: 1,
      echo: false,
      topLogprobs: undefined,
      stopMode: 'kept',
      maxTokens: typeof body.max_tokens === 'number' ? body.max_tokens : UNLIMITED,
    };
  }

  override error({ message, type = 'validation' }: Refusal): unknown {
    return type === '' ? message : { error: message, error_type: type };
  }

  protected override modelNotFound(): Refusal {
    return { status: 424, message: 'Request failed during generation: no such adapter', type: 'generation' };
  }

  override failInStream(): Failure {
    const error = { error: { message: 'Request failed during generation: out of memory', http_status_code: 424 } };
    return { events: [JSON.stringify(error), '[DONE]'], then: 'end' };
  }

  protected override newId(): string {
    return '';
  }

  /** In the order in which they ended: the shortest first, and of equals the last. */
  protected override inOrder(choices: readonly Ran[]): Ran[] {
    return choices.toReversed().sort((a, b) => a.tokenCount - b.tokenCount);
  }

  protected override finishOf(ended: Ran['ended']): string {
    return { end: 'eos_token', stop: 'stop_sequence', limit: 'length' }[ended];
  }

  protected override noFinish(): string {
    return '';
  }

  /** The finish comes with the last token. */
  protected override partsOf({ ran: { parts, ended } }: Told): ChunkPart[] {
    const whole = parts.length > 0 ? parts : [{ text: '', entries: [] }];
    return whole.map((part, at) => ({ ...part, ended: at === whole.length - 1 ? ended : null }));
  }

  /** The end of each choice has its usage, whether or not anybody asked. */
  protected override chunkOf(part: ChunkPart, told: Told): object {
    const { ran } = told;
    const chunk = super.chunkOf(part, told);
    return part.ended === null ? chunk : { ...chunk, usage: toUsage(ran.prompt.context.length, ran.tokenCount) };
  }

  protected override usageChunk(): undefined {
    return undefined;
  }
}

function wronglyTyped(body: Body): string | undefined {
  if (isOfTokens(body.prompt)) return 'prompt: data did not match any variant of untagged enum Prompt';
  if (typeof body.stop === 'string') return 'stop: invalid type: string, expected a sequence';
  if (body.stream === null) return 'stream: invalid type: null, expected a boolean';
  return undefined;
}

function invalid(message: string): Refusal {
  return { status: 422, message: `Input validation error: ${message}` };
}
