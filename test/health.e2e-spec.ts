import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ShutdownState } from '../src/health/shutdown.js';
import { FakeUpstream } from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';

const ANONYMOUS = {};

describe('the health of the gateway', () => {
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    first = await FakeUpstream.start();
    second = await FakeUpstream.start();
    const upstreams = [first, second].map(({ baseUrl }, index) => ({ name: `fake-${index}`, baseUrl }));
    gateway = await Gateway.start({ upstreams });
  });

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

  it('is ready, without a key, while any upstream can be reached', async () => {
    await expectHealth('/readyz', 200, 'ok');
    await first.stop();
    await expectHealth('/readyz', 200, 'ok');
    await expectHealth('/health', 200, 'ok');
  });

  it('is not ready, but alive, when no upstream can be reached', async () => {
    await first.stop();
    await second.stop();
    await expectHealth('/readyz', 503, 'unavailable');
    await expectHealth('/health', 503, 'unavailable');
    await expectHealth('/livez', 200, 'ok');
  });

  it('is not ready from the announcement of the end on, and still serves', async () => {
    gateway.app.get(ShutdownState).isAnnounced = true;
    await expectHealth('/readyz', 503, 'unavailable');
    await expectHealth('/health', 503, 'unavailable');
    await expectHealth('/livez', 200, 'ok');
    expect((await gateway.complete({ model: 'm', prompt: 'p' })).status).toBe(200);
  });
});
