import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { completion, FakeUpstream, replyJson } from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';

describe('POST /v1/completions', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'forward' } });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('passes a good answer on byte for byte', async () => {
    const answer =
      '{ "object":"text_completion", "created":1, "choices":[ {"index":0,"text":"Hi","finish_reason":"stop","logprobs":null} ], "model":"test-model", "id":"cmpl-\\u0061", "extra": 1.0 }';
    upstream.onCompletion(replyJson(answer));
    const response = await gateway.complete({ model: 'test-model', prompt: 'Say hi' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.text()).toBe(answer);
  });

  it('sends the validated fields, and leaves out those that are not given', async () => {
    await gateway.complete(
      '{"model":"other","model":"test-model","prompt":"Hi","user":null,"seed":7,"best_of":0,"top_k":40,"stream_options":{"include_usage":true}}',
    );
    expect(upstream.lastRequest.path).toBe('/v1/completions');
    expect(upstream.lastRequest.body).toEqual({ model: 'test-model', prompt: 'Hi', seed: 7, top_k: 40 });
  });

  it('answers with the requested model, whatever the upstream calls it', async () => {
    await gateway.stop();
    gateway = await Gateway.inFrontOf(upstream, { upstream: { models: { nice: 'test-model' } } });
    const response = await gateway.complete({ model: 'nice', prompt: 'Hi' });
    expect(upstream.lastRequest.body.model).toBe('test-model');
    expect(await response.json()).toEqual(completion('Hello', { model: 'nice' }));
  });

  it("sorts choices by their index, whatever the upstream's order", async () => {
    const choices = [2, 0, 1].map((index) => ({ index, text: `#${index}`, finish_reason: 'stop', logprobs: null }));
    upstream.onCompletion(replyJson(completion('', { choices })));
    const response = await gateway.complete({ model: 'test-model', prompt: 'Hi', n: 3 });
    const answer = (await response.json()) as { choices: { text: string }[] };
    expect(answer.choices.map(({ text }) => text)).toEqual(['#0', '#1', '#2']);
  });

  it('sends the upstream its credential and the request id, and no header of the client', async () => {
    await gateway.stop();
    gateway = await Gateway.inFrontOf(upstream, { upstream: { apiKey: 'upstream-secret' } });
    const response = await gateway.complete(
      { model: 'test-model', prompt: 'Hi' },
      { headers: { 'x-request-id': 'abc-1' } },
    );
    expect(response.headers.get('x-request-id')).toBe('abc-1');
    const { headers } = upstream.lastRequest;
    expect(headers).toMatchObject({
      authorization: 'Bearer upstream-secret',
      'x-request-id': expect.stringMatching(/^abc-1-[0-9a-f]{8}-1-1$/),
    });
    expect(Object.keys(headers)).not.toContain('openai-organization');
  });

  it('replaces an invalid request id', async () => {
    const response = await gateway.complete(
      { model: 'test-model', prompt: 'Hi' },
      { headers: { 'x-request-id': 'a b' } },
    );
    const id = response.headers.get('x-request-id') ?? '';
    expect(id).toMatch(/^[\w-]{36}$/);
    expect(String(upstream.lastRequest.headers['x-request-id']).startsWith(`${id}-`)).toBe(true);
  });
});
