import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { FakeEngineName } from '../support/engines/fake-engine.js';
import { FakeEngine } from '../support/engines/fake-engine.js';
import { UNLIMITED } from '../support/engines/asked.js';
import { tokenize, tokenOf } from '../support/engines/tiny-vocabulary.js';
import { textOf } from '../support/engine-process.js';
import { ask, type Said } from './asking.js';

const PROMPT = 'Tell';
const STORY = { prompt: PROMPT, max_tokens: 6, temperature: 0 };
const ENDLESS = { prompt: PROMPT, temperature: 0, logit_bias: { '0': -100 } };
const USAGE = { prompt_tokens: 1, completion_tokens: 6, total_tokens: 7 };

/** What is said to one body, put into a few words. */
async function inWords(name: FakeEngineName, body: object, of: (said: Said) => unknown): Promise<unknown> {
  const said = await ask(name, body);
  return said.status === 200 ? of(said) : said.status;
}

const choiceCount = ({ json }: Said): number => json.choices.length;
const completionTokens = ({ json }: Said): unknown => json.usage?.completion_tokens;

describe('a fake engine, where engines differ:', () => {
  it.each<[name: FakeEngineName, texts: unknown, streamed: unknown, ids: unknown, idLists: unknown]>([
    ['openai', 2, 2, 1, 2],
    ['llama.cpp', 2, 2, 1, 2],
    ['sglang', 2, 2, 1, 2],
    ['tgi', 2, 2, 422, 422],
    ['localai', 2, 400, 0, 0],
    ['llama-cpp-python', 500, 500, 500, 500],
  ])('%s answers several texts with %s choices, streamed %s, token ids %s, lists %s', async (name, ...expected) => {
    const texts = { ...STORY, prompt: [PROMPT, 'The cat'] };
    const inStream = ({ chunks }: Said): number =>
      new Set(chunks.flatMap(({ choices }) => choices.map(({ index }) => index))).size;
    expect([
      await inWords(name, texts, choiceCount),
      await inWords(name, { ...texts, stream: true }, inStream),
      await inWords(name, { ...STORY, prompt: tokenize(PROMPT) }, choiceCount),
      await inWords(name, { ...STORY, prompt: [tokenize(PROMPT), tokenize('The cat')] }, choiceCount),
    ]).toEqual(expected);
  });

  it.each<[name: FakeEngineName, absent: unknown, zero: unknown, echoOnly: unknown]>([
    ['openai', 16, 0, 0],
    ['llama.cpp', UNLIMITED, 1, 1],
    ['sglang', 16, 400, 400],
    ['tgi', 20, 422, 422],
    ['llama-cpp-python', 16, UNLIMITED, UNLIMITED],
  ])('%s generates %s tokens without max_tokens, %s for 0, and %s with echo', async (name, ...expected) => {
    // One that reads no bias ends by itself.
    const body = name === 'tgi' ? { ...ENDLESS, prompt: 'Hello world' } : ENDLESS;
    expect([
      await inWords(name, body, completionTokens),
      await inWords(name, { ...body, max_tokens: 0 }, completionTokens),
      await inWords(name, { ...body, max_tokens: 0, echo: true }, completionTokens),
    ]).toEqual(expected);
  });

  it.each<[name: FakeEngineName, two: unknown, zero: unknown]>([
    ['openai', 'legacy', 'legacy'],
    ['llama.cpp', 'chat', null],
    ['sglang', 'legacy', null],
    ['tgi', null, null],
    ['localai', 'chat', null],
    ['llama-cpp-python', 'legacy', 'legacy'],
    ['llama-cpp-python without logits', 500, 500],
  ])('%s gives log probabilities in the %s shape, for 0 %s', async (name, ...expected) => {
    const shape = ({ json }: Said): string | null => {
      const { logprobs } = json.choices[0] ?? {};
      if (!logprobs) return null;
      return 'content' in logprobs ? 'chat' : 'legacy';
    };
    expect([
      await inWords(name, { ...STORY, logprobs: 2 }, shape),
      await inWords(name, { ...STORY, logprobs: 0 }, shape),
    ]).toEqual(expected);
  });

  it.each<[name: FakeEngineName, first: number]>([
    ['openai', 4],
    ['llama-cpp-python', 4],
    ['sglang', -1],
  ])('%s counts the offset of the first token as %d', async (name, first) => {
    const { json } = await ask(name, { ...STORY, logprobs: 1 });
    expect(json.choices[0]?.logprobs?.text_offset[0]).toBe(first);
  });

  it.each<[name: FakeEngineName, nullName: string, status: number]>([
    ['llama.cpp', 'temperature', 400],
    ['llama.cpp', 'stream', 400],
    ['sglang', 'top_p', 400],
    ['llama-cpp-python', 'temperature', 500],
    ['tgi', 'stream', 422],
    ['deepfellow', 'temperature', 200],
    ['localai', 'n', 200],
  ])('%s, given null for %s, answers %d', async (name, nullName, status) => {
    expect((await ask(name, { ...STORY, [nullName]: null })).status).toBe(status);
  });

  it.each<[name: FakeEngineName, body: object, status: number]>([
    ['tgi', { top_p: 1 }, 422],
    ['tgi', { stop: '.' }, 422],
    ['tgi', { prompt: ['a', 'b', 'c', 'd', 'e'] }, 422],
    ['tgi', { suffix: 'x' }, 422],
    ['llama-cpp-python', { logit_bias: { cat: 1 } }, 500],
    ['llama.cpp', { n: 5 }, 400],
    ['deepfellow', { model: 'tiny-embedding' }, 400],
    ['deepfellow', { stop: ['1', '2', '3', '4', '5'] }, 422],
  ])('%s refuses %j with %d', async (name, body, status) => {
    expect((await ask(name, { ...STORY, ...body })).status).toBe(status);
  });

  it.each<[name: FakeEngineName, ignored: object, known?: object]>([
    ['tgi', { logit_bias: { [tokenOf(' fox')]: 100 } }],
    ['tgi', { presence_penalty: 2, n: 3, best_of: 3, echo: true, logprobs: 1 }],
    ['llama.cpp', { suffix: ' home.', best_of: 3, echo: true }],
    ['sglang', { suffix: ' home.', best_of: 3 }],
    ['localai', { suffix: ' home.', best_of: 3 }],
    ['llama-cpp-python', { n: 3, best_of: 3 }],
    ['deepfellow', { min_p: 1 }, { seed: 2, temperature: 1 }],
    ['tgi', { top_k: 1 }, { seed: 2, temperature: 1 }],
  ])('%s ignores %j', async (name, ignored, known = {}) => {
    const body = { ...STORY, ...known };
    const plain = await ask(name, body);
    expect(plain.status).toBe(200);
    expect((await ask(name, { ...body, ...ignored })).json.choices).toEqual(plain.json.choices);
    // An engine that knows them answers otherwise.
    expect((await ask('openai', { ...body, ...ignored })).json.choices).not.toEqual(
      (await ask('openai', body)).json.choices,
    );
  });

  it.each<[name: FakeEngineName, limited: string, endless: string]>([
    ['openai', 'length', 'stop'],
    ['llama.cpp', 'length', 'stop'],
    ['tgi', 'length', 'eos_token'],
    ['localai', 'stop', 'stop'],
  ])('%s calls the end of a text %s and %s', async (name, ...expected) => {
    const reasons = [];
    for (const max_tokens of [2, 60]) {
      const { json } = await ask(name, { prompt: 'Hello world', temperature: 0, max_tokens });
      reasons.push(json.choices[0]?.finish_reason);
    }
    expect(reasons).toEqual(expected);
  });

  it.each<FakeEngineName>(['llama.cpp', 'sglang', 'localai', 'llama-cpp-python', 'deepfellow'])(
    '%s has sampling defaults of its own',
    async (name) => {
      let differentCount = 0;
      for (let seed = 0; seed < 12; seed++) {
        const body = { prompt: PROMPT, max_tokens: 9, seed };
        const [own, contract] = [await ask(name, body), await ask('openai', body)];
        if (own.json.choices[0]?.text !== contract.json.choices[0]?.text) differentCount++;
      }
      expect(differentCount).toBeGreaterThan(0);
    },
  );
});

describe('fake llama.cpp', () => {
  it('counts the usage of the first choice only, and begins the stream for several prompts with null', async () => {
    const body = { ...STORY, prompt: [PROMPT, 'The cat'] };
    expect((await ask('llama.cpp', body)).json.usage).toEqual(USAGE);
    const { events, chunks } = await ask('llama.cpp', { ...body, stream: true });
    expect(events[0]).toBe('null');
    expect(chunks.flatMap(({ usage }) => usage ?? [])).toHaveLength(2);
  });

  it('fills in the middle at /infill, in its own shape', async () => {
    const body = { input_prefix: PROMPT, input_suffix: ' home.', n_predict: 5, temperature: 0 };
    const { json } = await ask('llama.cpp', body, { path: '/infill' });
    expect(json).toMatchObject({ stop: true, stop_type: 'limit', tokens_predicted: 5, tokens_evaluated: 6 });
    const { events, chunks } = await ask('llama.cpp', { ...body, stream: true }, { path: '/infill' });
    const pieces = chunks as unknown as { content: string; stop: boolean }[];
    expect(pieces.map(({ content }) => content).join('')).toBe((json as unknown as { content: string }).content);
    expect(pieces.map(({ stop }) => stop)).toEqual([false, false, false, false, false, true]);
    expect(events).not.toContain('[DONE]');
    const { json: openai } = await ask('openai', { ...STORY, max_tokens: 5, suffix: ' home.' });
    expect(openai.choices[0]?.text).toBe((json as unknown as { content: string }).content);
  });

  it('says that it keeps the connection, and closes it after a stream', async () => {
    const fake = await FakeEngine.start('llama.cpp');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sent = request(`${fake.baseUrl}/completions`, { method: 'POST', agent });
    sent.end(JSON.stringify({ model: 'tiny', ...STORY, stream: true }));
    const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { headers: Record<string, string> }];
    expect(response.headers.connection).toBe('keep-alive');
    const { socket } = sent;
    if (!socket) throw new Error('there is no connection');
    const closed = once(socket, 'close');
    response.resume();
    await once(response, 'end');
    await closed;
    agent.destroy();
    await fake.stop();
  });
});

describe('a fake engine with ways of its own:', () => {
  it('TGI gives the choices in the order in which they end, and leaves the stop text in', async () => {
    const { json } = await ask('tgi', { ...STORY, prompt: [PROMPT, 'The cat', 'Hello world'] });
    expect(json.choices.map(({ index }) => index)).toEqual([2, 1, 0]);
  });

  it('TGI stops only where a token ends with the stop text', async () => {
    const text = async (stop: string): Promise<string | undefined> =>
      (await ask('tgi', { ...STORY, stop: [stop] })).json.choices[0]?.text;
    expect(await text('whil')).toBe(' has while! man brightc');
    expect(await text('!')).toBe(' has while!');
  });

  it('TGI has an empty finish reason on the way', async () => {
    const { chunks } = await ask('tgi', { ...STORY, stream: true });
    const reasons = chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason));
    expect(reasons).toEqual(['', '', '', '', '', 'length']);
  });

  it('LocalAI has no text in the last chunk of a choice, and counts nothing in a whole answer', async () => {
    const { chunks } = await ask('localai', { ...STORY, stream: true });
    expect(chunks.at(-1)?.choices).toEqual([{ index: 0, finish_reason: 'stop' }]);
    const { json } = await ask('localai', STORY);
    expect(json.usage).toEqual({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
  });

  it('SGLang has the chosen token among the top ones only where it belongs there', async () => {
    const { json } = await ask('sglang', { ...STORY, temperature: 2, seed: 11, logprobs: 1, max_tokens: 12 });
    const { tokens = [], top_logprobs: top = [] } = json.choices[0]?.logprobs ?? {};
    expect(tokens.some((token, at) => !Object.hasOwn(top[at] ?? {}, token))).toBe(true);
  });

  it('llama-cpp-python counts the tokens of a text', async () => {
    const { json } = await ask('llama-cpp-python', { input: 'Once upon a time' }, { path: '/extras/tokenize/count' });
    expect(json).toEqual({ count: 4 });
  });

  it('the chat server has no other endpoint, and knows no fields of completions', async () => {
    expect((await ask('chat-only', STORY, { path: '/v1/completions' })).status).toBe(404);
    const chat = { messages: [{ role: 'user', content: PROMPT }], max_tokens: 6, temperature: 0 };
    const { json } = await ask('chat-only', { ...chat, logprobs: true, top_logprobs: 1 });
    expect(json).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: ' has while! man brightc' } }],
    });
    expect((await ask('chat-only', { ...chat, echo: true })).status).toBe(400);
    const { chunks } = await ask('chat-only', { ...chat, stream: true });
    expect(chunks[0]).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] });
    expect(textOf(chunks)).toBe('');
  });
});
