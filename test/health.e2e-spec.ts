import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ShutdownState } from '../src/health/shutdown.js';
import { FakeUpstream, replyJson } from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';
import { until } from './support/wait.js';

const ANONYMOUS = {};
const INTERVAL_MS = 10_000;
/** Between two checks of an upstream that is down. */
const DOWN_INTERVAL_MS = 1_000;

describe('the health of the gateway', () => {
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;
  let baseUrls: string[];

  beforeEach(async () => {
    clock = new ManualClock();
    first = await FakeUpstream.start();
    second = await FakeUpstream.start();
    baseUrls = [first.baseUrl, second.baseUrl];
    await start();
  });

  async function start(options: object = {}): Promise<void> {
    const upstreams = baseUrls.map((baseUrl, index) => ({ name: `fake-${index}`, baseUrl, ...options }));
    gateway = await Gateway.start({ upstreams }, clock);
  }

  afterEach(async () => {
    await gateway.stop();
    await Promise.all([first.stop(), second.stop()]);
  });

  async function expectHealth(path: string, status: number, text: string): Promise<void> {
    const response = await gateway.get(path, ANONYMOUS);
    expect(await response.json()).toEqual({ status: text });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  }

  /** Lets the next checks be made, and waits for their answers. */
  async function becomes(status: number, afterMs: number): Promise<void> {
    clock.advance(afterMs);
    await until(`/readyz to answer ${status}`, async () => (await gateway.get('/readyz', ANONYMOUS)).status === status);
  }

  it('is ready, without a key, from the start on, while any upstream can be reached', async () => {
    await expectHealth('/readyz', 200, 'ok');
    await first.stop();
    clock.advance(INTERVAL_MS);
    await expectHealth('/readyz', 200, 'ok');
    await expectHealth('/health', 200, 'ok');
  });

  it('is not ready, but alive, when no upstream can be reached, and ready again soon after one can', async () => {
    const { port } = new URL(first.baseUrl);
    await first.stop();
    await second.stop();
    await becomes(503, INTERVAL_MS);
    await expectHealth('/readyz', 503, 'unavailable');
    await expectHealth('/health', 503, 'unavailable');
    await expectHealth('/livez', 200, 'ok');
    first = await FakeUpstream.start(undefined, Number(port));
    await becomes(200, DOWN_INTERVAL_MS);
  });

  it('is not ready from the start on when no upstream can be reached, and ready soon after one can', async () => {
    await gateway.stop();
    const { port } = new URL(first.baseUrl);
    await first.stop();
    await second.stop();
    await start();
    await expectHealth('/readyz', 503, 'unavailable');
    first = await FakeUpstream.start(undefined, Number(port));
    await becomes(200, DOWN_INTERVAL_MS);
  });

  it('learns from real requests whether an upstream can be reached, with `healthCheck: off`', async () => {
    await gateway.stop();
    await start({ healthCheck: 'off', health: { ejectAfterFailures: 1 } });
    await expectHealth('/readyz', 200, 'ok');
    await first.stop();
    await second.stop();
    // The last of the attempts waits for its back-off.
    const pending = gateway.complete({ model: 'm', prompt: 'p' });
    let status: number | undefined;
    void pending.then((response) => (status = response.status));
    await until(
      'the answer',
      () => status !== undefined,
      () => clock.advance(1),
    );
    expect(status).toBe(503);
    await expectHealth('/readyz', 503, 'unavailable');
    // It has to be ready to get the request that tries an upstream again.
    await becomes(200, 60_000);
  });

  it('stays ready while upstreams fail requests: no client can take it out of service', async () => {
    await gateway.stop();
    await start({ health: { ejectAfterFailures: 1 } });
    for (const upstream of [first, second]) upstream.onCompletion(replyJson('', 500));
    const pending = gateway.complete({ model: 'm', prompt: 'p' });
    await second.received();
    await first.received();
    await expectHealth('/readyz', 200, 'ok');
    gateway.app.getHttpServer().closeAllConnections();
    await expect(pending).rejects.toThrow('fetch failed');
  });

  it('is not ready once the shutdown is announced, and still serves', async () => {
    gateway.app.get(ShutdownState).isAnnounced = true;
    await expectHealth('/readyz', 503, 'unavailable');
    await expectHealth('/health', 503, 'unavailable');
    await expectHealth('/livez', 200, 'ok');
    expect((await gateway.complete({ model: 'm', prompt: 'p' })).status).toBe(200);
  });
});
