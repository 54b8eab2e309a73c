import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { chunk, completion, FakeUpstream, hang, hold, replyEvents, replyJson, reset } from './support/fake-upstream.js';
import { ManualClock } from './support/manual-clock.js';
import { ADMIN, API_KEY, AS_ADMIN, Gateway } from './support/gateway.js';
import { until } from './support/wait.js';

const USAGE = chunk('', null, { choices: [], usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } });

describe('what an admin key opens', () => {
  let good: FakeUpstream;
  let bad: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    good = await FakeUpstream.start();
    bad = await FakeUpstream.start(reset);
    gateway = await Gateway.start({
      upstreams: [
        {
          name: 'bad',
          baseUrl: bad.baseUrl,
          priority: 0,
          models: ['m'],
          health: { ejectAfterFailures: 1, ejectMs: 60_000 },
        },
        { name: 'good', baseUrl: good.baseUrl, priority: 1, maxConcurrency: 1, models: ['m'] },
      ],
      apiKeys: [{ id: 'test', hash: hashApiKey(API_KEY) }, ADMIN],
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all([good.stop(), bad.stop()]);
  });

  it('shows the state of each upstream in /readyz', async () => {
    await gateway.complete({ model: 'm', prompt: 'p' });
    good.onCompletion(hang);
    const pending = gateway.complete({ model: 'm', prompt: 'p' });
    await good.received(2);
    const response = await gateway.get('/readyz', AS_ADMIN);
    expect(await response.json()).toEqual({
      status: 'ok',
      upstreams: [
        { name: 'bad', available: false, condition: 'ejected', rate_limited_models: [], full: false, in_flight: 0 },
        { name: 'good', available: false, condition: 'healthy', rate_limited_models: [], full: true, in_flight: 1 },
      ],
    });
    gateway.app.getHttpServer().closeAllConnections();
    await expect(pending).rejects.toThrow('fetch failed');
  });

  it.each([
    ['no key', {}],
    ['a key that is no admin', { authorization: `Bearer ${API_KEY}` }],
    ['a wrong key', { authorization: 'Bearer wrong' }],
  ])('shows only ready or not in /readyz to %s', async (_, headers) => {
    const response = await gateway.get('/readyz', headers);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it('shows the metrics: requests, tokens, attempts with their kind and outcome, and the upstreams', async () => {
    good.onCompletion(replyEvents(chunk('One', 'stop'), USAGE, '[DONE]'));
    await (await gateway.complete({ model: 'm', prompt: 'p', stream: true })).text();
    await (await gateway.complete({ model: 'm', prompt: 'p', n: 0 })).text();
    await (await gateway.complete({ model: 'm', prompt: 'p', stop: 'x', n: 2 })).text();
    await gateway.accessLog(3);
    const response = await gateway.get('/metrics', AS_ADMIN);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = (await response.text()).split('\n');
    for (const line of [
      'gen_ai_server_request_duration_seconds_count{gen_ai_request_model="m",http_response_status_code="200",stream="true"} 1',
      'gen_ai_server_time_to_first_token_seconds_count{gen_ai_request_model="m"} 1',
      'gen_ai_server_time_per_output_token_seconds_count{gen_ai_request_model="m"} 1',
      'gateway_tokens_in_flight 0',
      'gateway_tokens_total{gen_ai_request_model="m",gen_ai_token_type="input"} 2',
      'gateway_tokens_total{gen_ai_request_model="m",gen_ai_token_type="output"} 3',
      'gateway_upstream_attempts_total{upstream="bad",kind="first",outcome="502"} 1',
      'gateway_upstream_attempts_total{upstream="good",kind="fallback",outcome="ok"} 1',
      'gateway_upstream_in_flight{upstream="good"} 0',
      'gateway_upstream_available{upstream="bad"} 0',
      'gateway_upstream_available{upstream="good"} 1',
      'gateway_queue_length 0',
    ]) {
      expect(lines).toContain(line);
    }
  });

  it('measures how long a request waited for a slot', async () => {
    const clock = new ManualClock();
    const queued = await Gateway.inFrontOf(good, {
      upstream: { maxConcurrency: 1, healthCheck: 'off' },
      config: { apiKeys: [ADMIN] },
      clock,
    });
    const complete = async (): Promise<string> =>
      (await queued.complete({ model: 'm', prompt: 'p' }, { headers: AS_ADMIN })).text();
    const linesOf = async (metric: string): Promise<string[]> => {
      const lines = (await (await queued.get('/metrics', AS_ADMIN)).text()).split('\n');
      return lines.filter((line) => line.startsWith(metric));
    };
    try {
      const { behaviour, release } = hold(replyJson(completion('Hello')));
      good.onCompletion(behaviour);
      const both = [complete(), complete()];
      const isQueued = async (): Promise<boolean> =>
        (await linesOf('gateway_queue_length ')).join() === 'gateway_queue_length 1';
      await until('a request in the queue', isQueued);
      clock.advance(3_000);
      release();
      await Promise.all(both);
      await queued.accessLog(2);
      expect(await linesOf('gateway_queue_wait_seconds_sum')).toEqual(['gateway_queue_wait_seconds_sum 3']);
      expect(await linesOf('gateway_queue_wait_seconds_count')).toEqual(['gateway_queue_wait_seconds_count 2']);
    } finally {
      await queued.stop();
    }
  });

  it('counts what the gateway emulates, by feature', async () => {
    const emulating = await Gateway.inFrontOf(good, {
      upstream: { engine: 'localai' },
      config: { apiKeys: [ADMIN] },
    });
    try {
      const body = { model: 'm', prompt: 'p', n: 2, temperature: 1, top_p: 0.5, max_tokens: 5 };
      await (await emulating.complete(body, { headers: AS_ADMIN })).text();
      await emulating.accessLog();
      const lines = (await (await emulating.get('/metrics', AS_ADMIN)).text()).split('\n');
      expect(lines.filter((line) => line.startsWith('gateway_emulations_total'))).toEqual([
        'gateway_emulations_total{feature="n"} 1',
      ]);
    } finally {
      await emulating.stop();
    }
  });

  it('answers 403 to other keys that ask for the metrics', async () => {
    const response = await gateway.get('/metrics');
    expect(response.status).toBe(403);
    expect(await response.json()).toHaveProperty('error.code', 'admin_required');
  });
});
