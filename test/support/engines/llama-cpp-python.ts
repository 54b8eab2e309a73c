import { randomUUID } from 'node:crypto';
import { type Asked, type Body, isOfTokens, readAsked, UNLIMITED } from './asked.js';
import { Dialect, type Failure, type Refusal, type Route } from './dialect.js';
import { tokenize } from './tiny-vocabulary.js';

const DEFAULTS = { temperature: 0.8, top_p: 0.95, top_k: 40, min_p: 0.05 };
const NOT_NULL = ['temperature', 'top_p', 'echo', 'stream', 'frequency_penalty', 'presence_penalty', 'top_k', 'min_p'];

export class LlamaCppPython extends Dialect {
  override readonly routes: Readonly<Record<string, Route>> = {
    '/extras/tokenize/count': ({ input }) => ({ json: { count: tokenize(String(input)).length } }),
  };
  protected override readonly fingerprint = undefined;
  /** Another name is an alias of the model that is loaded. */
  protected override readonly takesAnyModel = true;

  /** @param logitsAll as the server's option says: without it there are no log probabilities. */
  constructor(private readonly logitsAll = true) {
    super();
  }

  override refuse(body: Body): Refusal | undefined {
    if (body.prompt === '') return broken('');
    if (isOfTokens(body.prompt)) return broken("[{'type': 'string_type', 'loc': ('body', 'prompt')}]");
    if (Array.isArray(body.prompt) && body.prompt.length > 1) return broken('assert len(prompt) <= 1: invalid');
    const nullName = NOT_NULL.find((name) => body[name] === null);
    if (nullName !== undefined) return broken(`1 validation error: Input should be valid: ${nullName}`);
    if (typeof body.logprobs === 'number' && !this.logitsAll) {
      return broken('logprobs is not supported for models created with logits_all=False');
    }
    const badKey = Object.keys(body.logit_bias ?? {}).find((key) => !/^\d+$/.test(key));
    if (badKey !== undefined) return broken(`invalid literal for int() with base 10: '${badKey}'`);
    const refusal = super.refuse(body);
    return refusal && broken(`invalid: ${refusal.message}`);
  }

  override read(body: Body): Asked {
    const asked = readAsked({ ...DEFAULTS, ...body });
    const { max_tokens: maxTokens } = body;
    const isLimited = typeof maxTokens === 'number' && maxTokens > 0;
    return {
      ...asked,
      n: 1,
      bestOf: 1,
      // A stream has no echo.
      echo: asked.echo && !asked.stream,
      maxTokens: isLimited ? maxTokens : maxTokens === undefined ? 16 : UNLIMITED,
      includeUsage: false,
    };
  }

  override error({ message, type = 'internal_server_error' }: Refusal): unknown {
    return { error: { message, type, param: null, code: null } };
  }

  override failInStream(): Failure {
    return { events: [], then: 'end' };
  }

  protected override newId(): string {
    return `cmpl-${randomUUID()}`;
  }
}

/** Whatever is wrong with a request is a 500. */
function broken(message: string): Refusal {
  return { status: 500, message };
}
