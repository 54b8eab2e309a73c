import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { FakeUpstream } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';

const CREATED_S = Date.UTC(2026, 0, 1) / 1000;
const NOT_FOUND = 'The model does not exist, or your API key may not use it. `GET /v1/models` lists those that it may.';

function modelOf(id: string): object {
  return { id, object: 'model', created: CREATED_S, owned_by: 'completions-gateway' };
}

describe('GET /v1/models', () => {
  let named: FakeUpstream;
  let asked: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    named = await FakeUpstream.start();
    asked = await FakeUpstream.start();
    asked.models = ['from-upstream', 'llama', 'org/deep/model'];
    const upstreams = [
      { name: 'list', baseUrl: named.baseUrl, models: ['llama', 'phi'] },
      { name: 'map', baseUrl: named.baseUrl, models: { nice: 'ugly/name', llama: 'other' } },
      { name: 'asked', baseUrl: asked.baseUrl },
    ];
    const apiKeys = [
      { id: 'all', hash: hashApiKey('all-key') },
      { id: 'some', hash: hashApiKey('some-key'), models: ['org/deep/model', 'nice', 'nowhere'] },
    ];
    gateway = await Gateway.start({ upstreams, apiKeys }, new ManualClock());
  });

  afterEach(async () => {
    await gateway.stop();
    await named.stop();
    await asked.stop();
  });

  const get = (path: string, key: string): Promise<Response> => gateway.get(path, { authorization: `Bearer ${key}` });

  async function listFor(key: string): Promise<unknown> {
    const response = await get('/v1/models', key);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    return response.json();
  }

  it('lists each model once, under its requested name: those of the configuration, then those that upstreams list', async () => {
    const ids = ['llama', 'phi', 'nice', 'from-upstream', 'org/deep/model'];
    expect(await listFor('all-key')).toEqual({ object: 'list', data: ids.map(modelOf) });
  });

  it('lists only models that the key may use and an upstream serves', async () => {
    expect(await listFor('some-key')).toEqual({ object: 'list', data: ['nice', 'org/deep/model'].map(modelOf) });
  });

  it('leaves out an upstream that cannot be asked', async () => {
    await asked.stop();
    expect(await listFor('all-key')).toEqual({ object: 'list', data: ['llama', 'phi', 'nice'].map(modelOf) });
  });

  it.each(['nice', 'org/deep/model', 'org%2Fdeep%2Fmodel', 'org/deep%2Fmodel'])('gives one model: %s', async (path) => {
    const response = await get(`/v1/models/${path}`, 'some-key');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(modelOf(decodeURIComponent(path)));
  });

  it.each(['unknown', 'llama', 'nowhere', 'constructor', 'NICE', 'org', 'ugly/name'])(
    'answers 404 to %s, unknown or not allowed for the key',
    async (path) => {
      const response = await get(`/v1/models/${path}`, 'some-key');
      expect(response.status).toBe(404);
      expect(await errorOf(response)).toEqual({
        detail: NOT_FOUND,
        error: { message: NOT_FOUND, type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
      });
    },
  );
});
