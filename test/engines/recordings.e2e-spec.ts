import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Exchange } from '../../src/cli/record/recording.js';
import { readAnswer, readStream } from '../conformance/client-view.js';
import type { Body } from '../support/engines/asked.js';
import { type ErrorAnswer, errorOf, eventsOf, Gateway } from '../support/gateway.js';
import { RecordedUpstream } from '../support/recorded-upstream.js';
import { RECORDINGS } from '../support/recordings.js';

/** Every code that the contract has for what an upstream says. */
const CODES =
  /^(unsupported_parameter|context_length_exceeded|invalid_request_error|model_not_found|upstream_error|upstream_timeout|no_upstream_available|[a-z_]+_type|missing|greater_than_equal|less_than_equal|extra_forbidden|value_error|json_invalid|string_too_short|too_short|finite_number)$/;

/** What every engine answers, if need be with the gateway's help. */
const ALWAYS_ANSWERED = new Set([
  ...['plain', 'seeded', 'several texts', 'characters of several bytes', 'n', 'n at temperature 0', 'echo', 'user'],
  ...['max_tokens 0', 'max_tokens 0 with echo', 'max_tokens 1', 'stop as a text', 'stop as a list', 'top_p 1'],
  ...['explicit nulls', 'with usage', 'no options'],
]);

/** What a server lets out about itself. */
const LEAKS = /\/(usr|home|root|tmp|opt)\/|site-packages|Traceback|BadRequestError/;

describe.each(RECORDINGS)('what %s said, told on', (name, recording) => {
  let upstream: RecordedUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await RecordedUpstream.start(recording);
    gateway = await Gateway.start({
      upstreams: [{ name, baseUrl: upstream.baseUrl, engine: recording.engine, health: { ejectAfterFailures: 1_000 } }],
      routing: { maxAttempts: 1 },
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  /** What no client may ask for: usage on the way is vLLM's alone, and told on as it comes. */
  const completions = recording.exchanges.filter(
    ({ name: each, request }) => request.path === '/v1/completions' && !each.startsWith('with continuous usage'),
  );

  it.each(completions.map((exchange) => [exchange.name, exchange] as const))(
    '%s: is the contract’s',
    async (_, exchange) => {
      const response = await gateway.complete(exchange.request.body);
      if (ALWAYS_ANSWERED.has(exchange.name.replace(', streamed', ''))) expect(response.status).toBe(200);
      await expectContract(response, exchange);
    },
  );

  it('a prompt that is too long has OpenAI’s name and words', async () => {
    const { request, answer } = named('a prompt longer than the context');
    const response = await gateway.complete(request.body);
    expect(response.status).toBe(answer.status);
    // transformers knows no limit.
    if (answer.status === 200) return;
    expect((await errorOf(response)).error).toMatchObject({
      message: expect.stringMatching(/^This model's maximum context length is 512 tokens\b/),
      code: 'context_length_exceeded',
      param: null,
    });
  });

  it('an unknown model is not found, where the engine knows its models', async () => {
    const { request, answer } = named('an unknown model');
    const response = await gateway.complete(request.body);
    expect(response.status).toBe(answer.status === 200 ? 200 : 404);
    if (answer.status !== 200) expect((await errorOf(response)).error.code).toBe('model_not_found');
  });

  function named(name: string): Exchange {
    const found = recording.exchanges.find((each) => each.name === name);
    if (!found) throw new Error(`nobody has asked: ${name}`);
    return found;
  }
});

async function expectContract(response: Response, { request }: Exchange): Promise<void> {
  const asked = parsed(request.body);
  if (response.status !== 200) {
    expectError(await errorOf(response));
    return;
  }
  if (asked.stream !== true) {
    await readAnswer(response, asked);
    return;
  }
  const last = (await eventsOf(response.clone())).at(-1) ?? '';
  if (last === '[DONE]') await readStream(response, asked);
  else expectError(JSON.parse(last) as ErrorAnswer);
}

function expectError({ error }: Pick<ErrorAnswer, 'error'>): void {
  expect(error).toEqual({
    message: expect.not.stringMatching(LEAKS),
    type: expect.stringMatching(/^(invalid_request_error|upstream_error)$/),
    param: error.param === null ? null : expect.any(String),
    code: expect.stringMatching(CODES),
  });
}

function parsed(text = '{}'): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {};
  }
}
