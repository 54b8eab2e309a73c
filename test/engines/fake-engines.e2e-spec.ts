import { describe, expect, it } from '@jest/globals';
import { FakeEngine, type FakeEngineName } from '../support/engines/fake-engine.js';
import { tokenize } from '../support/engines/tiny-vocabulary.js';
import { textOf } from '../support/engine-process.js';
import { ask } from './asking.js';

const PROMPT = 'Tell';
const STORY = { prompt: PROMPT, max_tokens: 6, temperature: 0 };
/** What the tiny model says to it. */
const TEXT = ' has while! man bright';
const STREAM = { ...STORY, stream: true };
const WITH_USAGE = { ...STREAM, stream_options: { include_usage: true } };
const USAGE = { prompt_tokens: 1, completion_tokens: 6, total_tokens: 7 };

const NAMES: FakeEngineName[] = ['openai', 'llama.cpp', 'sglang', 'tgi', 'localai', 'llama-cpp-python', 'deepfellow'];

describe('every fake engine', () => {
  it.each(NAMES)('%s says what the tiny model says, streamed or not', async (name) => {
    const { json } = await ask(name, STORY);
    expect(json.choices[0]?.text.startsWith(TEXT)).toBe(true);
    const { chunks, events } = await ask(name, STREAM);
    expect(chunks.flatMap(({ choices }) => choices.map(({ text }) => text)).join('')).toBe(json.choices[0]?.text);
    expect(events.at(-1)).toBe('[DONE]');
    expect(textOf(chunks).startsWith(TEXT)).toBe(true);
  });

  it.each(NAMES)('%s lists its models', async (name) => {
    const fake = await FakeEngine.start(name);
    const models = (await (await fetch(`${fake.baseUrl}/models`)).json()) as { data: { id: string }[] };
    expect(models.data[0]?.id).toBe('tiny');
    await fake.stop();
  });

  it.each([
    ['llama.cpp', '/health'],
    ['sglang', '/health'],
    ['tgi', '/health'],
    ['localai', '/readyz'],
  ] as const)('%s answers for its health at %s', async (name, path) => {
    const fake = await FakeEngine.start(name);
    expect((await fetch(fake.origin + path)).status).toBe(200);
    expect((await fetch(`${fake.origin}/elsewhere`)).status).toBe(404);
    await fake.stop();
  });

  it.each([
    ['openai', /^cmpl-[0-9a-f]{32}$/],
    ['llama.cpp', /^chatcmpl-/],
    ['sglang', /^[0-9a-f]{32}$/],
    ['tgi', /^$/],
    ['localai', /^[0-9a-f]{8}-[0-9a-f-]+$/],
    ['llama-cpp-python', /^cmpl-[0-9a-f-]{36}$/],
    ['deepfellow', /^chatcmpl-/],
  ] as const)('%s has ids like %s', async (name, pattern) => {
    expect((await ask(name, STORY)).json.id).toMatch(pattern);
  });

  it.each([
    ['openai', 404, { error: { message: 'The model `other` does not exist', code: 'model_not_found' } }],
    ['llama.cpp', 200, {}],
    ['sglang', 200, {}],
    ['tgi', 424, { error_type: 'generation' }],
    ['localai', 404, { error: { code: 404 } }],
    ['llama-cpp-python', 200, {}],
    ['deepfellow', 404, { detail: 'Model not found' }],
  ] as const)('%s answers %d to an unknown model, in its own shape', async (name, status, body) => {
    const said = await ask(name, { ...STORY, model: 'other' });
    expect(said.status).toBe(status);
    expect(said.json).toMatchObject(body);
  });

  it.each([
    ['openai', 'with the usage in a chunk of its own, when asked', [undefined], [USAGE]],
    ['sglang', 'with the usage in a chunk of its own, when asked', [undefined], [USAGE]],
    ['localai', 'with the usage in a chunk of its own, when asked', [undefined], [USAGE]],
    ['llama.cpp', 'with the usage on the last choice chunk, always', [USAGE], [USAGE]],
    ['tgi', 'with the usage on the last choice chunk, always', [USAGE], [USAGE]],
    ['deepfellow', 'with the usage on the last choice chunk, always', [USAGE], [USAGE]],
    ['llama-cpp-python', 'without usage', [undefined], [undefined]],
  ] as const)('%s ends a stream %s', async (name, _, unasked, asked) => {
    expect((await ask(name, STREAM)).chunks.at(-1)?.usage).toEqual(unasked[0]);
    const { chunks } = await ask(name, WITH_USAGE);
    expect(chunks.at(-1)?.usage).toEqual(asked[0]);
    expect(chunks.slice(0, -1).some(({ usage }) => usage)).toBe(false);
  });

  it.each([
    ['openai', 1, false],
    ['llama.cpp', 1, false],
    ['sglang', 1, true],
    ['tgi', 1, true],
    ['localai', 0, true],
    ['llama-cpp-python', 0, false],
    ['deepfellow', 0, false],
  ] as const)('%s, failing in mid-stream, sends %d error events, and [DONE]: %s', async (name, errors, isDone) => {
    const fake = await FakeEngine.start(name);
    fake.trouble = () => ({ failAfterEvents: 2 });
    const response = await fake.post(STREAM);
    let text = '';
    let isCut = false;
    try {
      for await (const piece of response.body ?? []) text += Buffer.from(piece as Uint8Array).toString();
    } catch {
      isCut = true;
    }
    expect(text.split('\n').filter((line) => line.startsWith('data: {"error"'))).toHaveLength(errors);
    expect(text.includes('[DONE]')).toBe(isDone);
    expect(isCut).toBe(name === 'deepfellow');
    await fake.stop();
  });

  it.each(NAMES)('%s takes a stop text, as a list', async (name) => {
    const { json } = await ask(name, { ...STORY, stop: [' man'] });
    // TGI leaves it in.
    expect(json.choices[0]?.text).toBe(name === 'tgi' ? ' has while! man' : ' has while!');
    expect(json.choices[0]?.finish_reason).toMatch(/^stop/);
  });

  it.each([
    ['openai', 2],
    ['sglang', 2],
    ['llama.cpp', 2],
    ['localai', 2],
    ['tgi', 1],
    ['llama-cpp-python', 1],
  ] as const)('%s gives %d choices for n = 2', async (name, count) => {
    const { json } = await ask(name, { ...STORY, temperature: 1, seed: 3, n: 2 });
    expect(json.choices).toHaveLength(count);
    expect(json.choices.map(({ index }) => index)).toEqual(name === 'localai' ? [0, 0] : [...Array(count).keys()]);
  });

  it.each([
    ['openai', ['echo'], 1],
    ['sglang', ['echo'], 1],
    ['llama-cpp-python', ['echo'], 0],
    ['llama.cpp', [], 0],
    ['tgi', [], 0],
    ['localai', ['echo'], 1],
  ] as const)('%s echoes %j, and when streamed %d', async (name, echo, streamed) => {
    const { json } = await ask(name, { ...STORY, echo: true });
    expect(json.choices[0]?.text.startsWith(PROMPT)).toBe(echo.length > 0);
    const { chunks } = await ask(name, { ...STREAM, echo: true });
    expect(textOf(chunks).startsWith(PROMPT)).toBe(streamed === 1);
  });
});

describe('what a fake engine lacks besides', () => {
  it('is ignored in silence', async () => {
    const { json } = await ask('openai', { ...STORY, echo: true, n: 2 }, { without: ['echo', 'n'] });
    expect(json.choices.map(({ text }) => text)).toEqual([expect.stringMatching(/^ has/)]);
  });

  it('is refused with a status, in the shape of the engine', async () => {
    const said = await ask('openai', { ...STORY, logit_bias: { '5': 1 } }, { without: { logit_bias: 400, n: 500 } });
    expect(said.status).toBe(400);
    expect(said.json.error).toMatchObject({ param: 'logit_bias', type: 'invalid_request_error', code: null });
  });

  it('changes nothing where it is not asked for', async () => {
    const { json } = await ask('openai', { ...STORY, logit_bias: {}, echo: null }, { without: ['logit_bias', 'echo'] });
    expect(json).toMatchObject({ choices: [{ text: expect.stringContaining(TEXT) }] });
    expect(tokenize(PROMPT)).toHaveLength(1);
  });
});
