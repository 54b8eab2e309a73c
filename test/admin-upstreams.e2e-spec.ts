import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { completion, FakeUpstream, hold, replyJson } from './support/fake-upstream.js';
import { ADMIN, API_KEY, AS_ADMIN, errorOf, Gateway } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';
import { until } from './support/wait.js';

const API_KEYS = [{ id: 'test', hash: hashApiKey(API_KEY) }, ADMIN];
const BODY = { model: 'm', prompt: 'p' };

interface Described {
  name: string;
  drained: boolean;
}

describe('/admin/upstreams', () => {
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    [first, second] = await Promise.all([FakeUpstream.start(), FakeUpstream.start()]);
    gateway = await Gateway.start({
      apiKeys: API_KEYS,
      upstreams: [
        { name: 'first', baseUrl: first.baseUrl, engine: 'vllm', maxConcurrency: 3 },
        { name: 'second', baseUrl: second.baseUrl, priority: 1 },
      ],
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all([first.stop(), second.stop()]);
  });

  const post = (path: string, headers: Record<string, string> = AS_ADMIN): Promise<Response> =>
    fetch(`${gateway.url}/admin/upstreams/${path}`, { method: 'POST', headers });

  it('shows what is known of each upstream', async () => {
    first.version = '0.11.0';
    await (await gateway.get('/readyz')).text();
    expect(await (await gateway.get('/admin/upstreams', AS_ADMIN)).json()).toEqual({
      upstreams: [
        {
          name: 'first',
          engine: 'vllm',
          base_url: first.baseUrl,
          version: '0.11.0',
          available: true,
          condition: 'healthy',
          drained: false,
          rate_limited_models: [],
          ejections: 0,
          in_flight: 0,
          max_concurrency: 3,
        },
        expect.objectContaining({ name: 'second', max_concurrency: null }),
      ],
    });
  });

  it('drains: requests under way end, new ones go elsewhere, until it is undrained', async () => {
    const { behaviour, release } = hold(replyJson(completion('Hello')));
    first.onCompletion(behaviour);
    const pending = gateway.complete(BODY);
    await first.received(1);
    const drained = await post('first/drain');
    expect(drained.status).toBe(200);
    expect(await drained.json()).toMatchObject({ name: 'first', drained: true, condition: 'drained', in_flight: 1 });
    expect((await gateway.complete(BODY)).status).toBe(200);
    expect(second.requests).toHaveLength(1);
    release();
    expect((await pending).status).toBe(200);
    expect(await (await post('first/undrain')).json()).toMatchObject({ drained: false, condition: 'healthy' });
    expect((await gateway.complete(BODY)).status).toBe(200);
    expect(first.requests).toHaveLength(2);
    const audit = gateway.logLines.filter(({ msg }) => String(msg).endsWith('drained'));
    expect(audit).toMatchObject([
      { msg: 'an upstream was drained', upstream: 'first', keyId: 'admin' },
      { msg: 'an upstream was undrained', upstream: 'first', keyId: 'admin' },
    ]);
  });

  it('lets requests wait where all are drained, serves them when one is back, and is not ready meanwhile', async () => {
    await (await gateway.get('/readyz')).text();
    await post('first/drain');
    await post('second/drain');
    expect((await gateway.get('/readyz')).status).toBe(503);
    const pending = gateway.complete(BODY);
    const metrics = async (): Promise<string> => (await gateway.get('/metrics', AS_ADMIN)).text();
    await until('a request in the queue', async () => (await metrics()).includes('gateway_queue_length 1\n'));
    await post('second/undrain');
    expect((await pending).status).toBe(200);
    expect(first.requests).toHaveLength(0);
  });

  it('answers 404 to another name, and 403 to another key', async () => {
    expect((await post('third/drain')).status).toBe(404);
    const response = await post('first/drain', { authorization: `Bearer ${API_KEY}` });
    expect(response.status).toBe(403);
    expect((await errorOf(response)).error.code).toBe('admin_required');
    expect((await gateway.get('/admin/upstreams')).status).toBe(403);
  });
});

describe('/admin/upstreams with two workers', () => {
  it('drains for both, whichever is asked, and for one that starts later', async () => {
    const upstream = await FakeUpstream.start();
    const upstreams = [{ name: 'fake', baseUrl: upstream.baseUrl }];
    const gateway = GatewayProcess.spawn({ server: { workers: 2 }, apiKeys: API_KEYS, upstreams }, { API_KEYS: '' });
    try {
      const url = `${await gateway.listening()}/admin/upstreams`;
      const headers = { ...AS_ADMIN, connection: 'close' };
      await (await fetch(`${url}/fake/drain`, { method: 'POST', headers })).text();
      /** Connections go to the workers in turn. */
      const drained = async (): Promise<boolean[]> => {
        const asked = [fetch(url, { headers }), fetch(url, { headers })];
        const answers = (await Promise.all((await Promise.all(asked)).map((each) => each.json()))) as {
          upstreams: Described[];
        }[];
        return answers.map(({ upstreams: [only] }) => only?.drained ?? false);
      };
      await until('both workers to have drained it', async () => (await drained()).every(Boolean));
      gateway.kill('SIGHUP');
      await gateway.logged(({ msg }) => msg === 'every worker has been replaced');
      expect(await drained()).toEqual([true, true]);
    } finally {
      await gateway.stop();
      await upstream.stop();
    }
  });
});
