import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { FakeUpstream } from './support/fake-upstream.js';
import { API_KEY, errorOf, Gateway } from './support/gateway.js';

const MESSAGE = 'The model does not exist, or your API key may not use it. `GET /v1/models` lists those that it may.';

describe('POST /v1/completions', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, {
      upstream: { models: ['open', 'closed'] },
      config: { apiKeys: [{ id: 'limited', hash: hashApiKey(API_KEY), models: ['open', 'nowhere'] }] },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('serves a model that the key may use', async () => {
    expect((await gateway.complete({ model: 'open', prompt: 'Hi' })).status).toBe(200);
    expect(upstream.lastRequest.body.model).toBe('open');
  });

  it.each([
    ['a model that no upstream serves', 'unknown'],
    ['a model that the key names and no upstream serves', 'nowhere'],
    ['a model that the key may not use', 'closed'],
    ['a property of every object', 'constructor'],
    ['a name in other letters', 'OPEN'],
  ])('answers 404 to %s, the same to all', async (_, model) => {
    const response = await gateway.complete({ model, prompt: 'Hi' });
    expect(response.status).toBe(404);
    const { date, 'x-request-id': id, ...headers } = Object.fromEntries(response.headers);
    expect(date).toBeDefined();
    expect(id).toMatch(/^[\w-]{36}$/);
    expect(headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'content-length': '306',
      connection: 'keep-alive',
      'keep-alive': 'timeout=75',
    });
    expect(await errorOf(response)).toEqual({
      detail: MESSAGE,
      error: { message: MESSAGE, type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    });
    expect(upstream.requests).toEqual([]);
  });

  it('answers 404, not 200 with a broken stream, when a stream is asked for', async () => {
    const response = await gateway.complete({ model: 'closed', prompt: 'Hi', stream: true });
    expect(response.status).toBe(404);
    expect((await errorOf(response)).error.code).toBe('model_not_found');
  });
});
