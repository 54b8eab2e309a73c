import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { brotliCompressSync } from 'node:zlib';
import { completion, FakeUpstream, replyEvents, replyJson } from './support/fake-upstream.js';
import { errorOf, eventsOf, Gateway } from './support/gateway.js';

/** Integers that no double holds: 2^53 + 1, the ends of 64 bits, and one of 128 bits. */
const INTEGERS = [
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '340282366920938463463374607431768211455',
];

/** The long integers in a JSON text, digit by digit. */
function rawIntegersIn(json: string): string[] {
  return json.match(/-?\d{16,}/g) ?? [];
}

describe('the digits of integers', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  /** The same upstream under another name of the model, and as an engine with one choice a request. */
  let renaming: Gateway;
  let splitting: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'forward' } });
    renaming = await Gateway.inFrontOf(upstream, {
      upstream: { models: { asked: 'test-model' }, extraParameters: 'forward' },
    });
    splitting = await Gateway.inFrontOf(upstream, { upstream: { engine: 'llama.cpp', extraParameters: 'forward' } });
  });

  afterAll(async () => {
    await Promise.all([gateway.stop(), renaming.stop(), splitting.stop()]);
    await upstream.stop();
  });

  const [a, b, c, d] = INTEGERS;
  const EXTRAS = `"bootstrap_room":${b},"rooms":[${a},{"deep":[[${c}]],"wide":${d}}],"text":"${a}, \\"${b}\\","`;

  it.each([
    ['', 'application/json'],
    ['with a charset in quotes', 'application/json; charset="utf-8"'],
    ['larger than most', 'application/json', 'x'.repeat(100_000)],
  ])('of a request reach the upstream as they came%s', async (_, type, padding = '') => {
    upstream.onCompletion(replyJson(completion('Hello')));
    const body = `{"model":"test-model","prompt":"Hi${padding}","seed":${c},${EXTRAS}}`;
    const response = await gateway.complete(body, { headers: { 'content-type': type } });
    expect(response.status).toBe(200);
    expect(rawIntegersIn(upstream.lastRequest.text)).toEqual([c, b, a, c, d, a, b]);
    expect(upstream.lastRequest.text).toContain(EXTRAS);
  });

  it('of a compressed request reach the upstream as they came', async () => {
    upstream.onCompletion(replyJson(completion('Hello')));
    const compressed = brotliCompressSync(`{"model":"test-model","prompt":"Hi",${EXTRAS}}`);
    const response = await gateway.complete(compressed, { headers: { 'content-encoding': 'br' } });
    expect(response.status).toBe(200);
    expect(upstream.lastRequest.text).toContain(EXTRAS);
  });

  it('of the seed are counted on, without an overflow, where each choice is a request', async () => {
    upstream.onCompletion(replyJson(completion('Hello')));
    const before = upstream.requests.length;
    const response = await splitting.complete(`{"model":"m","prompt":"Hi","n":3,"seed":9223372036854775806,${EXTRAS}}`);
    expect(response.status).toBe(200);
    const seeds = upstream.requests.slice(before).map(({ text }) => /"seed":(\d+)/.exec(text)?.[1]);
    expect(seeds.sort()).toEqual(['9223372036854775804', '9223372036854775806', '9223372036854775807']);
    expect(upstream.lastRequest.text).toContain(EXTRAS);
  });

  const ANSWER =
    `{"id":"cmpl-1","object":"text_completion","created":${b},"model":"test-model","vendor":{"request":[${c}]},` +
    `"choices":[{"index":0,"text":"Hello","finish_reason":"stop","logprobs":null,"trace":${a}}],` +
    `"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5,"energy":${d}}}`;

  it('of an answer under another model name are as they came', async () => {
    upstream.onCompletion(replyJson(ANSWER));
    const response = await renaming.complete({ model: 'asked', prompt: 'Hi' });
    expect(await response.text()).toBe(ANSWER.replace('test-model', 'asked'));
  });

  it('of a stream under another model name, with its usage shown or hidden, are as they came', async () => {
    const chunk = ANSWER.replace('"stop"', 'null').replace(/,"usage".*/, '}');
    const last = ANSWER.replace('"Hello"', '""');
    upstream.onCompletion(replyEvents(chunk, chunk, last, '[DONE]'));
    const shown = await eventsOf(
      await renaming.complete({ model: 'asked', prompt: 'Hi', stream: true, stream_options: { include_usage: true } }),
    );
    expect(shown.flatMap(rawIntegersIn)).toEqual([b, c, a, b, c, a, b, c, a, b, d]);
    const hidden = await eventsOf(await renaming.complete({ model: 'asked', prompt: 'Hi', stream: true }));
    expect(hidden.flatMap(rawIntegersIn)).toEqual([b, c, a, b, c, a, b, c, a]);
  });

  it('of answers that are merged are as they came, and added up to the digit', async () => {
    upstream.onCompletion(replyJson(ANSWER));
    const response = await splitting.complete({ model: 'm', prompt: 'Hi', n: 2 });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toContain(`"created":${b}`);
    expect(text.match(new RegExp(`"trace":${a}`, 'g'))).toHaveLength(2);
    expect(text).toContain(`"energy":${BigInt(d ?? '') * 2n}`);
  });

  it.each([
    ['an error code', `{"error":{"message":"no","code":${b}}}`],
    ['a choice index', ANSWER.replace('"index":0', `"index":${b}`)],
    ['an answer', b ?? ''],
    ['a choice', ANSWER.replace(/"choices":\[.*?\]/, `"choices":[${b}]`)],
    ['log probabilities', ANSWER.replace('"logprobs":null', `"logprobs":${b}`)],
    ['counts', ANSWER.replace('"prompt_tokens":2', `"prompt_tokens":${b}`)],
  ])('in place of %s are never an internal error', async (_, answer) => {
    upstream.onCompletion(replyJson(answer));
    const whole = await splitting.complete({ model: 'm', prompt: 'Hi', n: 2, logprobs: 1 });
    expect(whole.status).not.toBe(500);
    upstream.onCompletion(replyEvents(answer, '[DONE]'));
    const stream = await splitting.complete({ model: 'm', prompt: 'Hi', stream: true, logprobs: 1 });
    expect(stream.status).not.toBe(500);
    expect(await stream.text()).not.toContain('internal_error');
  });

  it('are refused with 422 as a body, and beyond 10,000 of them', async () => {
    const alone = await gateway.complete(b);
    expect(alone.status).toBe(422);
    expect((await errorOf(alone)).error.code).toBe('model_attributes_type');
    const many = Array.from({ length: 10_001 }, () => a).join();
    const response = await gateway.complete(`{"model":"test-model","prompt":"Hi","rooms":[${many}]}`);
    expect(response.status).toBe(422);
    expect((await errorOf(response)).error).toMatchObject({
      code: 'json_invalid',
      message: 'JSON decode error: more than 10000 integers beyond ±9007199254740991',
    });
  });
});
