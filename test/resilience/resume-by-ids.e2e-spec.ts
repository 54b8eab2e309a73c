import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Behaviour, breakAfter, events, FakeUpstream, replyEvents } from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';
import { putTogether, tokenIdsIn, type Told } from '../support/told-stream.js';

const PROMPT_IDS = [1, 2, 3, 4, 5];
/** The fox is three tokens. */
const STORY = ['Once', ' upon', ' a', ' time', ' a', '', '', ' 🦊', ' ate', ' soup', '.', ' The', ' end', '!'];
const idOf = (at: number): number => 100 + at;

interface Body {
  prompt: string | number[];
  max_tokens: number;
  stop?: string[];
  logprobs?: number;
  return_token_ids?: boolean;
}

interface Chunk {
  index: 0;
  text: string;
  finish_reason: string | null;
  logprobs: object | null;
  token_ids?: number[];
  prompt_token_ids?: number[] | null;
}

/** As vLLM 0.32.0 does it: some tokens a chunk, ids before the text that is held back for a stop text. */
function chunksOf(body: Body, perChunk: number): Chunk[] {
  const told = typeof body.prompt === 'string' ? [] : body.prompt.filter((id) => id >= idOf(0));
  const heldBack = Math.max(1, ...(body.stop ?? []).map((each) => each.length)) - 1;
  const end = Math.min(STORY.length, told.length + body.max_tokens);
  const chunks: Chunk[] = [];
  let whole = '';
  let sent = 0;
  for (let at = told.length; at < end; at += perChunk) {
    const places = Array.from({ length: Math.min(perChunk, end - at) }, (_, more) => at + more);
    const offsets = places.map((place) => [...STORY.slice(told.length, place).join('')].length);
    whole += places.map((place) => STORY[place]).join('');
    const characters = [...whole];
    const found = (body.stop ?? []).map((each) => whole.indexOf(each)).find((begin) => begin !== -1);
    const stopped = found === undefined ? undefined : [...whole.slice(0, found)].length;
    const isLast = stopped !== undefined || at + perChunk >= end;
    const until = stopped ?? (isLast ? characters.length : characters.length - heldBack);
    const text = characters.slice(sent, Math.max(sent, until)).join('');
    sent = Math.max(sent, until);
    const logprobs = {
      tokens: places.map((place) => STORY[place]),
      token_logprobs: places.map((place) => -place),
      top_logprobs: places.map(() => ({})),
      text_offset: offsets,
    };
    chunks.push({
      index: 0,
      text,
      finish_reason: isLast ? (stopped === undefined ? 'length' : 'stop') : null,
      logprobs: body.logprobs === undefined ? null : logprobs,
      ...(body.return_token_ids && {
        token_ids: places.map(idOf),
        prompt_token_ids: at === told.length ? [...PROMPT_IDS, ...told] : null,
      }),
    });
    if (isLast) break;
  }
  return chunks;
}

/** The data of each event of its stream. */
function streamOf(body: Body, perChunk = 1): (object | string)[] {
  const chunks = chunksOf(body, perChunk);
  const head = { id: 'cmpl-one', object: 'text_completion', created: 1, model: 'test-model' };
  const begin = typeof body.prompt === 'string' ? 0 : body.prompt.length - PROMPT_IDS.length;
  const completion_tokens = Math.min(chunks.length * perChunk, body.max_tokens, STORY.length - begin);
  const prompt_tokens = PROMPT_IDS.length + begin;
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  return [...chunks.map((choice) => ({ ...head, choices: [choice] })), { ...head, choices: [], usage }, '[DONE]'];
}

/** The whole stream, or as many events of it before the connection is cut. */
function vllm(perChunk = 1, afterEvents?: number): Behaviour {
  return (response, request) => {
    const data = streamOf(request.body as unknown as Body, perChunk);
    const behaviour =
      afterEvents === undefined ? replyEvents(...data) : breakAfter(events(...data.slice(0, afterEvents)));
    return behaviour(response, request);
  };
}

const REQUEST = {
  model: 'test-model',
  prompt: 'Tell:' as string | number[],
  max_tokens: 12,
  temperature: 0,
  stream: true as const,
  stream_options: { include_usage: true },
};

describe('with `resume: exact`, a stream of vLLM that breaks', () => {
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    first = await FakeUpstream.start(vllm());
    second = await FakeUpstream.start(vllm());
    gateway = await start({ engine: 'vllm' });
  });

  afterEach(async () => {
    await gateway.stop();
    await first.stop();
    await second.stop();
  });

  function start(ofSecond: object): Promise<Gateway> {
    const health = { ejectAfterFailures: 1_000_000 };
    return Gateway.start({
      upstreams: [
        { name: 'first', baseUrl: first.baseUrl, engine: 'vllm', models: ['test-model'], health },
        { name: 'second', baseUrl: second.baseUrl, priority: 1, models: ['test-model'], health, ...ofSecond },
      ],
      routing: { retryBudgetPercent: 100, resume: 'exact' },
    });
  }

  async function textFor(request: object): Promise<string> {
    const response = await gateway.complete(request);
    expect(response.status).toBe(200);
    return response.text();
  }

  async function tell(request: object): Promise<{ stream: string; told: Told }> {
    const stream = await textFor(request);
    return { stream, told: putTogether(stream) };
  }

  it.each<[string, object, number]>([
    ['plain', {}, 1],
    ['several tokens a chunk', {}, 3],
    ['token ids as the prompt', { prompt: PROMPT_IDS }, 1],
    ['a stop text that is looked for', { stop: ['nothing', 'end!'] }, 1],
    ['a stop text that is found', { stop: [' soup.'] }, 1],
    ['a stop text, and several tokens a chunk', { stop: ['. The end'] }, 2],
    ['log probabilities', { logprobs: 1 }, 1],
    ['log probabilities and a stop text', { logprobs: 1, stop: ['nothing'] }, 1],
    ['its own ids', { return_token_ids: true, stop: ['nothing'] }, 1],
  ])('%s: says the same wherever it is cut', async (_, parameters, perChunk) => {
    const request = { ...REQUEST, ...parameters };
    first.onCompletion(vllm(perChunk));
    second.onCompletion(vllm(perChunk));
    const whole = await tell(request);
    expect(whole.stream.includes('token_ids')).toBe('return_token_ids' in parameters);
    for (let k = 1; k < whole.told.events; k++) {
      first.onCompletion(vllm(perChunk, k));
      const { stream, told } = await tell(request);
      expect({ k, ...told }).toEqual({ k, ...whole.told, events: told.events, pieces: told.pieces });
      expect(tokenIdsIn(stream)).toEqual(tokenIdsIn(whole.stream));
    }
    for (const { body } of second.requests) {
      const { prompt, max_tokens: maxTokens } = body as unknown as Body;
      expect(prompt.length - PROMPT_IDS.length + maxTokens).toBe(typeof prompt === 'string' ? maxTokens : 12);
    }
  });

  it('is ended without a request where nothing but its end is missing', async () => {
    const all = STORY.length;
    const request = { ...REQUEST, max_tokens: all };
    const whole = await tell(request);
    first.onCompletion(vllm(1, all));
    expect((await tell(request)).told).toEqual(whole.told);
    expect(second.requests).toHaveLength(0);
  });

  it('asks for no ids with an echo, whose text vLLM would leave out', async () => {
    await textFor({ ...REQUEST, echo: true });
    expect(first.lastRequest.body).not.toHaveProperty('return_token_ids');
    await textFor(REQUEST);
    expect(first.lastRequest.body).toHaveProperty('return_token_ids', true);
  });

  it('ends with an error event where the rest would differ: a temperature, and text that is held back', async () => {
    first.onCompletion(vllm(1, 4));
    const stream = await textFor({ ...REQUEST, temperature: 1, stop: ['nothing'] });
    expect(stream).toMatch(/data: \{"error":.*\n\n$/);
    expect(second.requests).toHaveLength(0);
  });

  it('ends with an error event where the second upstream continues another text', async () => {
    first.onCompletion(vllm(1, 6));
    second.onCompletion((response, request) => {
      const { prompt, ...others } = request.body as unknown as Body & { prompt: number[] };
      return replyEvents(...streamOf({ ...others, prompt: [...prompt, idOf(0)] }))(response, request);
    });
    const stream = await textFor({ ...REQUEST, stop: ['nothing'], logprobs: 1 });
    expect(stream).toMatch(/data: \{"error":.*\n\n$/);
    expect(stream).not.toContain('[DONE]');
  });

  it.each([
    ['of another engine', { engine: 'sglang' }],
    ['with another name for the model', { engine: 'vllm', models: { 'test-model': 'other' } }],
  ])('is not resumed by ids on an upstream %s', async (_, ofSecond) => {
    await gateway.stop();
    gateway = await start(ofSecond);
    first.onCompletion(vllm(1, 3));
    expect(await textFor({ ...REQUEST, prompt: PROMPT_IDS })).toMatch(/data: \{"error":.*\n\n$/);
    expect(second.requests).toHaveLength(0);
  });
});
