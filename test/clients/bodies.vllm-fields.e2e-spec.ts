import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Completion } from '../support/engine-process.js';
import { chunk, FakeUpstream, replyEvents } from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';

describe('a body with fields of vLLM, as sent by', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start(
      replyEvents(
        chunk('Once'),
        chunk(' upon', 'length'),
        chunk('', null, { choices: [], usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 } }),
        '[DONE]',
      ),
    );
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'forward' } });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const base = { model: 'test-model', prompt: 'Once upon a time', stream: true, max_tokens: 2 };
  const usage = { stream_options: { include_usage: true } };
  it.each([
    {
      client: 'vllm bench serve',
      body: { ...base, ...usage, temperature: 0, repetition_penalty: 1, logprobs: null, ignore_eos: true },
      sent: { ...base, ...usage, temperature: 0, repetition_penalty: 1, ignore_eos: true },
    },
    {
      client: 'guidellm',
      body: {
        ...base,
        stream_options: { include_usage: true, continuous_usage_stats: true },
        stop: null,
        ignore_eos: true,
      },
      sent: { ...base, stream_options: { include_usage: true, continuous_usage_stats: true }, ignore_eos: true },
    },
    {
      client: 'inference-perf',
      body: { ...base, ...usage, ignore_eos: true },
      sent: { ...base, ...usage, ignore_eos: true },
    },
  ])('$client reaches the upstream whole, and the stream is as it reads it', async ({ body, sent }) => {
    const response = await gateway.complete(body, { headers: { 'x-request-id': 'benchmark-7' } });
    expect(response.status).toBe(200);
    expect(upstream.lastRequest.body).toEqual(sent);
    expect(upstream.lastRequest.headers['x-request-id']).toMatch(/^benchmark-7-[0-9a-f]{8}-1-1$/);
    expect(response.headers.get('x-request-id')).toBe('benchmark-7');

    const raw = await response.text();
    expect(raw).not.toContain('\r');
    const events = raw.split('\n\n');
    expect(events.pop()).toBe('');
    expect(events.pop()).toBe('data: [DONE]');
    const chunks = events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Completion);
    expect(chunks.map(({ choices }) => choices.length)).toEqual([1, 1, 0]);
    expect(chunks.map(({ usage: counted }) => counted?.completion_tokens)).toEqual([undefined, undefined, 2]);
  });

  it('guidellm, which first asks GET /health and GET /v1/models, gets both', async () => {
    expect((await gateway.get('/health')).status).toBe(200);
    const models = (await (await gateway.get('/v1/models')).json()) as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toEqual(['test-model']);
  });
});
