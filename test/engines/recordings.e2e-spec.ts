import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import type { Exchange } from '../../src/cli/record/recording.js';
import { ALWAYS_ANSWERED, expectContract } from '../conformance/expect-contract.js';
import { type Answered, readAnswer, readStream } from '../conformance/client-view.js';
import type { Body } from '../support/engines/asked.js';
import { ADMIN, API_KEY, AS_ADMIN, errorOf, Gateway } from '../support/gateway.js';
import { RecordedUpstream } from '../support/recorded-upstream.js';
import { RECORDINGS } from '../support/recordings.js';

const CONTEXT_EXCEEDED = {
  message: expect.stringMatching(/^This model's maximum context length (is 512 tokens\b|was exceeded\.)/),
  code: 'context_length_exceeded',
  param: null,
};

const API_KEYS = [{ id: 'test', hash: hashApiKey(API_KEY) }, ADMIN];

interface Described {
  version: string | null;
}

const VERSIONS: { engine: string; told: unknown }[] = [
  { engine: 'vllm-0.11.0', told: '0.11.0.post2' },
  { engine: 'vllm-0.32.0', told: expect.stringMatching(/^0\.32\.0/) },
  { engine: 'llama.cpp', told: expect.stringMatching(/^b\d+-/) },
  // This build has no version.
  { engine: 'ollama', told: '0.0.0' },
];

describe.each(RECORDINGS)('what %s said, told on', (name, recording) => {
  let upstream: RecordedUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await RecordedUpstream.start(recording);
    gateway = await Gateway.start({
      apiKeys: API_KEYS,
      // A fallback gets the same refusal.
      upstreams: ['', '-b'].map((which) => ({
        name: name + which,
        baseUrl: upstream.baseUrl,
        engine: recording.engine,
        health: { ejectAfterFailures: 1_000 },
      })),
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  /** Without continuous usage, which only vLLM has: it is passed on as it comes. */
  const completions = recording.exchanges.filter(
    ({ name: each, request }) => request.path === '/v1/completions' && !each.startsWith('with continuous usage'),
  );

  it.each(completions.map((exchange) => [exchange.name, exchange] as const))(
    '%s: is the contract’s',
    async (_, exchange) => {
      const response = await gateway.complete(exchange.request.body);
      if (ALWAYS_ANSWERED.has(exchange.name.replace(', streamed', ''))) expect(response.status).toBe(200);
      await expectContract(response, exchange.request.body);
    },
  );

  it.each(['', ', streamed'])(
    'more tokens than the context has are refused in OpenAI’s words%s, or cut',
    async (way) => {
      const { request } = named(`more tokens than the context${way}`);
      const response = await gateway.complete(request.body);
      if (response.status === 200) return;
      expect(response.status).toBe(400);
      expect((await errorOf(response)).error).toMatchObject(CONTEXT_EXCEEDED);
    },
  );

  it.each(['', ', streamed'])(
    'a prompt that is too long has OpenAI’s name and words%s, and is asked once',
    async (way) => {
      const { request } = named(`a prompt longer than the context${way}`);
      const before = upstream.served.length;
      const response = await gateway.complete(request.body);
      expect(upstream.served.length - before).toBe(1);
      const { answer } = named(upstream.served.at(-1) ?? '');
      // transformers knows no limit.
      const isAnswered = answer.status === 200 && answer.pieces.length > 0;
      expect(response.status).toBe(isAnswered ? 200 : 400);
      if (isAnswered) return;
      expect((await errorOf(response)).error).toMatchObject(CONTEXT_EXCEEDED);
    },
  );

  it('an unknown model is not found, where the engine knows its models', async () => {
    const { request, answer } = named('an unknown model');
    const response = await gateway.complete(request.body);
    expect(response.status).toBe(answer.status === 200 ? 200 : 404);
    if (answer.status !== 200) expect((await errorOf(response)).error.code).toBe('model_not_found');
  });

  it.each(['', ', streamed'])(
    'a greedy text is the engine’s%s, and an echo of it has the prompt before it',
    async (way) => {
      const [plain, echoed] = await Promise.all([`plain${way}`, `echo${way}`].map((each) => textSaid(named(each))));
      expect(plain).toBe(', there was a little');
      expect(echoed).toBe(`Once upon a time${plain}`);
    },
  );

  it.each(['', ', streamed'])('the offsets of tokens count from the begin of the prompt%s', async (way) => {
    const { request } = named(`logprobs 1${way}`);
    const response = await gateway.complete(request.body);
    if (response.status !== 200) return;
    const { choices } = await viewOf(response, request.body);
    expect(choices[0]?.logprobs?.tokens.slice(0, 3)).toEqual([',', ' there', ' was']);
    expect(choices[0]?.logprobs?.text_offset.slice(0, 3)).toEqual([16, 17, 23]);
  });

  it.each(['', ', streamed'])('each answer has an id of its own, whatever the engine calls it%s', async (way) => {
    const ids = await Promise.all(
      ['plain', 'seeded', 'user'].map(async (each) => (await viewSaid(named(`${each}${way}`))).id),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^cmpl-./);
  });

  it.each(['', ', streamed'])('top_p 0 is the greedy text%s', async (way) => {
    const exchange = named(`top_p 0${way}`);
    const text = await textSaid(exchange);
    // vLLM refuses 0, and is sent a little more, of which there is no recording.
    if (exchange.answer.status === 200) expect(text).toBe(await textSaid(named(`plain${way}`)));
  });

  it('no token is generated, and none counted, for an echo of the prompt alone', async () => {
    const { choices, usage } = await viewSaid(named('max_tokens 0 with echo'));
    expect(choices).toMatchObject([{ text: 'Once upon a time', finish_reason: 'length' }]);
    expect(usage).toMatchObject({ completion_tokens: 0, total_tokens: usage?.prompt_tokens });
  });

  it('the fingerprint is the engine’s, also where only its last chunk, that of the usage, has one', async () => {
    const { request } = named('with usage, streamed');
    const fingerprints = (text: string): Set<string> =>
      new Set([...text.matchAll(/"system_fingerprint":"([^"]*)"/g)].map(([, fingerprint = '']) => fingerprint));
    const told = await (await gateway.complete(request.body)).text();
    const { answer } = named(upstream.served.at(-1) ?? '');
    expect(fingerprints(told)).toEqual(fingerprints(answer.pieces.join('')));
  });

  it.each(['', ', streamed'])('the tokens of logprobs are those of the text, the end of it is none%s', async (way) => {
    for (const each of ['logprobs 1', 'logprobs 5', 'echo with logprobs']) {
      const { request } = named(`${each}${way}`);
      const response = await gateway.complete(request.body);
      if (response.status !== 200) continue;
      const { choices } = await viewOf(response, request.body);
      expect([each, choices[0]?.logprobs?.tokens.join('')]).toEqual([each, choices[0]?.text]);
    }
  });

  it.each(['', ', streamed'])('an empty prompt is answered, or refused by name%s', async (way) => {
    const response = await gateway.complete(named(`an empty prompt${way}`).request.body);
    if (response.status === 200)
      expect((await viewOf(response, named(`an empty prompt${way}`).request.body)).choices).toHaveLength(1);
    else expect((await errorOf(response)).error).toMatchObject({ type: 'invalid_request_error' });
  });

  it('the version of the engine is known, where it tells one', async () => {
    const { told = null } = VERSIONS.find(({ engine }) => name.startsWith(engine)) ?? {};
    const { upstreams } = (await (await gateway.get('/admin/upstreams', AS_ADMIN)).json()) as {
      upstreams: Described[];
    };
    expect(upstreams[0]?.version).toEqual(told);
  });

  it('a suffix is answered, or refused with its name', async () => {
    const response = await gateway.complete(named('suffix').request.body);
    if (response.status === 200) return;
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error).toMatchObject({ code: 'unsupported_parameter', param: 'suffix' });
  });

  async function viewSaid({ request }: Exchange): Promise<Answered> {
    return viewOf(await gateway.complete(request.body), request.body);
  }

  async function textSaid(exchange: Exchange): Promise<string | undefined> {
    return (await viewSaid(exchange)).choices[0]?.text;
  }

  function viewOf(response: Response, body = '{}'): Promise<Answered> {
    const asked = JSON.parse(body) as Body;
    return asked.stream === true ? readStream(response, asked) : readAnswer(response, asked);
  }

  function named(name: string): Exchange {
    const found = recording.exchanges.find((each) => each.name === name);
    if (!found) throw new Error(`not recorded: ${name}`);
    return found;
  }
});
