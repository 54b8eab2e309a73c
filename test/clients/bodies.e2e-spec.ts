import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Completion } from '../support/engine-process.js';
import { GatewayOnEngine } from '../support/gateway-on-engine.js';

/** The bodies of clients outside npm, and what each reads of the answer, as in its source. */

const MODEL = 'storyteller';

describe('the body of', () => {
  let served: GatewayOnEngine;

  beforeAll(async () => {
    served = await GatewayOnEngine.start();
  });

  afterAll(() => served.stop());

  /** The answer as text; it must be a 200 of the given type. */
  async function post(body: object, contentType: string): Promise<string> {
    const response = await served.gateway.complete({ model: MODEL, ...body });
    const text = await response.text();
    expect({ status: response.status, error: response.ok ? '' : text }).toEqual({ status: 200, error: '' });
    expect(response.headers.get('content-type')).toMatch(contentType);
    return text;
  }

  const postJson = async (body: object) => JSON.parse(await post(body, 'application/json')) as Completion;

  const prompts = ['Once upon a time', 'The cat'];
  const noPenalties = { frequency_penalty: 0, presence_penalty: 0 };
  it.each([
    { client: 'openai for Python', body: { prompt: 'Once upon a time', max_tokens: 16 }, choices: 1 },
    {
      client: 'openai for Python with None for everything',
      body: {
        prompt: 'Once upon a time',
        ...{ best_of: null, echo: null, frequency_penalty: null, logit_bias: null, logprobs: null, max_tokens: null },
        ...{ n: null, presence_penalty: null, seed: null, stop: null, stream: null, stream_options: null },
        ...{ suffix: null, temperature: null, top_p: null, user: null },
      },
      choices: 1,
    },
    {
      client: 'LangChain for Python',
      body: {
        prompt: prompts,
        ...noPenalties,
        ...{ temperature: 0.7, max_tokens: 256, top_p: 1, n: 1, seed: null, logprobs: null },
      },
      choices: 2,
    },
    {
      client: 'promptflow',
      body: {
        prompt: 'Once upon a time',
        ...noPenalties,
        ...{ suffix: null, max_tokens: 16, temperature: 1, top_p: 1, n: 1, stream: false, logprobs: null, echo: false },
        ...{ stop: null, best_of: 1, logit_bias: {}, user: '' },
      },
      choices: 1,
    },
    {
      client: 'lm-evaluation-harness, generating',
      body: { prompt: prompts, max_tokens: 64, temperature: 0, stop: ['\n\n', '.'], seed: 1234 },
      choices: 2,
    },
  ])('$client is answered with text, finish and usage', async ({ body, choices }) => {
    const answer = await postJson(body);
    expect(answer.choices.map(({ index }) => index)).toEqual(Array.from({ length: choices }, (_, index) => index));
    for (const choice of answer.choices) {
      expect(choice).toMatchObject({
        text: expect.any(String),
        finish_reason: expect.stringMatching(/^(stop|length)$/),
      });
    }
    expect(answer.usage?.total_tokens).toBeGreaterThan(0);
  });

  describe('lm-evaluation-harness, scoring,', () => {
    /** Contexts with their continuations, in tokens: two pairs of which the first continuation is the likelier. */
    const pairs = [
      { context: [752, 867, 262], continuation: [396] },
      { context: [752, 867, 262], continuation: [543] },
      { context: [553, 620], continuation: [279, 264, 543] },
      { context: [553, 620], continuation: [396, 396, 396] },
    ];
    const body = {
      prompt: pairs.map(({ context, continuation }) => [...context, ...continuation]),
      max_tokens: 1,
      logprobs: 1,
      echo: true,
      temperature: 0,
      seed: 1234,
    };

    /** As `parse_logprobs` does: the score of the continuation, and whether it is what the model would have said. */
    function parse(answer: Completion): { sum: number; isGreedy: boolean }[] {
      const sorted = answer.choices.toSorted((a, b) => a.index - b.index);
      return sorted.map(({ logprobs }, index) => {
        const contextLength = pairs[index]?.context.length ?? NaN;
        if (!logprobs) throw new Error('no logprobs');
        const scores = logprobs.token_logprobs.slice(contextLength, -1) as number[];
        const tops = logprobs.top_logprobs.slice(contextLength, -1);
        const tokens = logprobs.tokens.slice(contextLength, -1);
        const isGreedy = tops.every((top, at) => {
          const best = Object.entries(top ?? {}).sort(([, a], [, b]) => b - a)[0];
          expect(top).toHaveProperty([tokens[at] ?? '?']);
          return best?.[0] === tokens[at];
        });
        return { sum: scores.reduce((sum, score) => sum + score, 0), isGreedy };
      });
    }

    it('gets the scores that the engine itself gives', async () => {
      const scores = parse(await postJson(body));
      expect(scores).toEqual(parse(await served.engine.complete(body)));
    });

    it('gets scores that tell the likely from the unlikely', async () => {
      const [time, dog, sensible, senseless] = parse(await postJson(body));
      expect(time).toMatchObject({ isGreedy: true });
      expect(Math.exp(time?.sum ?? NaN)).toBeGreaterThan(0.9);
      expect(dog).toMatchObject({ isGreedy: false });
      expect(time?.sum).toBeGreaterThan(dog?.sum ?? NaN);
      expect(sensible?.sum).toBeGreaterThan(senseless?.sum ?? NaN);
    });

    it('gets the score that the chain of one-token answers gives', async () => {
      const { context, continuation } = pairs[2] ?? { context: [], continuation: [] };
      let sum = 0;
      for (const [length, token] of continuation.entries()) {
        // With a bias of 100 the token is forced; its log probability is that before the bias.
        const prompt = [...context, ...continuation.slice(0, length)];
        const { choices } = await postJson({ prompt, max_tokens: 1, logprobs: 1, logit_bias: { [token]: 100 } });
        sum += choices[0]?.logprobs?.token_logprobs[0] ?? NaN;
      }
      expect(parse(await postJson(body))[2]?.sum).toBeCloseTo(sum, 4);
    });
  });

  it('Tabby is answered with a text in every event, and with the finish before [DONE]', async () => {
    const raw = await post(
      {
        prompt: 'Once upon a time',
        ...{ suffix: null, max_tokens: 64, temperature: 0.1, stream: true, presence_penalty: 0 },
      },
      'text/event-stream',
    );
    const events = raw.split('\n\n').filter(Boolean);
    expect(events.pop()).toBe('data: [DONE]');
    const choices = events.map((event) => (JSON.parse(event.slice('data: '.length)) as Completion).choices[0]);
    expect(choices.every((choice) => typeof choice?.text === 'string' && choice.index === 0)).toBe(true);
    // It stops reading at the first finish that is not null.
    expect(choices.findIndex((choice) => choice?.finish_reason !== null)).toBe(choices.length - 1);
  });

  it('Continue is answered with a choice in every event: it asked for no usage', async () => {
    const raw = await post(
      {
        prompt: 'One day, Mia found a red ball.',
        ...{ max_tokens: 32, temperature: 0.01, stream: true, stop: ['<|endoftext|>', '\n\n', '/src/'] },
      },
      'text/event-stream',
    );
    const data = raw.split('\n').filter((line) => line !== '' && line !== 'data: [DONE]');
    expect(data.length).toBeGreaterThan(10);
    for (const line of data) {
      expect(line).toMatch(/^data: \{/);
      const { choices, usage } = JSON.parse(line.slice('data: '.length)) as Completion;
      expect(choices).toHaveLength(1);
      expect(usage).toBeUndefined();
    }
  });

  const usage = { include_usage: true };
  const benchmark = { prompt: 'Once upon a time', stream: true, max_tokens: 400, ignore_eos: true };
  it.each([
    {
      client: 'vllm bench serve',
      body: { ...benchmark, temperature: 0, repetition_penalty: 1, logprobs: null, stream_options: usage },
    },
    {
      client: 'vllm bench serve --top-k 20 --min-p 0.1',
      body: { ...benchmark, top_k: 20, min_p: 0.1, stream_options: usage },
    },
    {
      client: 'guidellm',
      body: { ...benchmark, stop: null, stream_options: { ...usage, continuous_usage_stats: true } },
    },
    { client: 'inference-perf', body: { ...benchmark, stream_options: usage } },
    {
      client: 'inference-perf with continuous usage',
      body: { ...benchmark, stream_options: { ...usage, continuous_usage_stats: true } },
    },
  ])('$client is answered with all the tokens that it asked for, and counts them', async ({ body }) => {
    const raw = await post(body, 'text/event-stream');
    const events = raw.split('\n\n');
    expect(events.splice(-2)).toEqual(['data: [DONE]', '']);
    const chunks = events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Completion);
    const counts = { prompt_tokens: 4, completion_tokens: 400, total_tokens: 404 };
    expect(chunks.pop()).toMatchObject({ choices: [], usage: counts });
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('length');
    const soFar = chunks.map(({ usage: each }) => each?.completion_tokens);
    const isContinuous = 'continuous_usage_stats' in body.stream_options;
    expect(soFar).toEqual(chunks.map((_, at) => (isContinuous ? Math.min(at + 1, 400) : undefined)));
  });

  it.each([
    [
      'vllm-router',
      { no_stop_trim: false, ignore_eos: false, skip_special_tokens: true, return_hidden_states: false, stream: false },
    ],
    [
      'sglang-router',
      {
        ...{ top_k: -1, min_p: 0, min_tokens: 0, repetition_penalty: 1, stop_token_ids: null, regex: null, ebnf: null },
        ...{ json_schema: null, no_stop_trim: false, ignore_eos: false, skip_special_tokens: true, lora_path: null },
        ...{ session_params: null, return_hidden_states: false, metadata: null, stream: false },
      },
    ],
  ])('%s, in front of it, adds no-op values', async (_, added) => {
    const body = { prompt: 'Once upon a time', temperature: 0 };
    expect((await postJson({ ...body, ...added })).choices).toEqual((await postJson(body)).choices);
  });

  it('a trainer, which asks for token ids, gets those of the prompts and of the choices', async () => {
    const { choices, usage: counts } = await postJson({
      ...{ prompt: ['Once upon a time', 'The cat'], n: 2, seed: 4, max_tokens: 6, stop: ['.'] },
      return_token_ids: true,
    });
    const ids = choices as unknown as { prompt_token_ids: number[]; token_ids: number[] }[];
    expect(ids.map(({ prompt_token_ids: prompt }) => prompt)).toEqual([
      ...[0, 1].map(() => [752, 867, 262, 396]),
      ...[2, 3].map(() => [expect.any(Number), expect.any(Number)]),
    ]);
    expect(ids.flatMap(({ token_ids: generated }) => generated)).toHaveLength(counts?.completion_tokens ?? NaN);
  });

  it('is refused in the engine’s words where a field of vLLM has an invalid value', async () => {
    const response = await served.gateway.complete({ model: MODEL, prompt: 'Hi', top_k: -2, min_tokens: 17 });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { param: 'top_k', message: expect.stringMatching(/^top_k: Input should be greater.*; min_tokens: Value/) },
    });
  });
});
