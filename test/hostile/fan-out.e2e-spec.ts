import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { completion, FakeUpstream, replyAsAsked, replyJson } from '../support/fake-upstream.js';
import { errorOf, Gateway } from '../support/gateway.js';

const MEGABYTE = 1_000_000;

describe('a small request that asks for very much', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(replyAsAsked);
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  async function start(engine: string, routing: object = {}): Promise<void> {
    gateway = await Gateway.inFrontOf(upstream, { upstream: { engine }, config: { routing } });
  }

  function completeZipped(fields: object): Promise<Response> {
    const body = gzipSync(JSON.stringify({ model: 'test-model', max_tokens: 1, ...fields }));
    expect(body.length).toBeLessThan(11_000);
    return gateway.complete(body, { headers: { 'content-encoding': 'gzip' } });
  }

  async function expectRefusal(response: Response, param: string): Promise<void> {
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error).toMatchObject({ code: 'unsupported_parameter', param });
  }

  it.each<[string, string, object]>([
    ['n', 'llama.cpp', { prompt: 'a'.repeat(10 * MEGABYTE), n: 128 }],
    ['n', 'vllm', { prompt: 'a'.repeat(10 * MEGABYTE), n: 128, temperature: 0 }],
    ['n', 'llama.cpp', { prompt: 'a'.repeat(10 * MEGABYTE), n: 128, stream: true }],
    ['prompt', 'llama.cpp', { prompt: Array<string>(2_000).fill('a'), user: 'u'.repeat(10 * MEGABYTE) }],
    ['echo', 'llama.cpp', { prompt: 'a'.repeat(3 * MEGABYTE), n: 128, echo: true }],
    ['echo', 'llama.cpp', { prompt: 'a'.repeat(3 * MEGABYTE), n: 128, echo: true, stream: true }],
    ['echo', 'openai', { prompt: 'a'.repeat(3 * MEGABYTE), n: 128, echo: true }],
  ])('is refused with 400 that names %s before anything is sent to %s', async (param, engine, fields) => {
    await start(engine);
    await expectRefusal(await completeZipped(fields), param);
    expect(upstream.requests).toHaveLength(0);
  });

  it('is served where the engine does it natively', async () => {
    await start('openai');
    const response = await completeZipped({ prompt: 'a'.repeat(10 * MEGABYTE), n: 128 });
    expect(((await response.json()) as { choices: unknown[] }).choices).toHaveLength(128);
    expect(upstream.requests).toHaveLength(1);
  });

  it('is served up to the limits', async () => {
    await start('llama.cpp', { maxFanOutBytes: 500_000, maxMergedAnswerBytes: 500_000 });
    const response = await completeZipped({ prompt: 'a'.repeat(100_000), n: 4, echo: true });
    const { choices } = (await response.json()) as { choices: { text: string }[] };
    expect(choices.map(({ text }) => text.length)).toEqual(Array<number>(4).fill(100_005));
    expect(upstream.requests).toHaveLength(4);
  });

  it('whose answers are too large together is refused with 400 when that shows, after one attempt, and ejects no upstream', async () => {
    await start('llama.cpp', { maxMergedAnswerBytes: 100_000 });
    upstream.onCompletion(replyJson(completion('a'.repeat(40_000))));
    for (let time = 0; time < 4; time++) {
      await expectRefusal(await gateway.complete({ model: 'test-model', prompt: 'Hi', n: 8 }), 'n');
    }
    expect(upstream.requests.length).toBeLessThanOrEqual(4 * 8);
    const lines = await gateway.accessLog(4);
    for (const line of lines) expect(line).toMatchObject({ status: 400, attempts: 1 });
    expect((await gateway.complete({ model: 'test-model', prompt: 'Hi', n: 2 })).status).toBe(200);
  });
});
