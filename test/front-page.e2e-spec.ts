import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeUpstream } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';

describe('the address of the gateway', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream);
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('tells a browser what is served and where, under the headers of a page', async () => {
    const answer = await gateway.get('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await answer.text();
    expect(html).toContain(`curl ${gateway.url.replace('localhost', '127.0.0.1')}/v1/completions`);
    for (const [, path = ''] of html.matchAll(/href="(\/[^"]*)"/g)) {
      expect([path, (await gateway.get(path)).status]).toEqual([path, 200]);
    }
  });

  it('tells a program the same as JSON', async () => {
    const answer = await gateway.get('/', { accept: '*/*' });
    expect(await answer.json()).toMatchObject({ name: 'Completions gateway', completions: '/v1/completions' });
  });

  it.each([
    [
      '/completions',
      /There is nothing at \/completions\. Text completions are at \/v1\/completions.*ends in \/v1, once/,
    ],
    ['/v1/v1/completions', /the base URL of a client ends in \/v1, once/],
    ['/models', /ends in \/v1, once/],
    ['/v1/chat/completions', /This gateway serves text completions only/],
    ['/v1/embeddings', /This gateway serves text completions only/],
    ['/nothing', /^There is nothing at \/nothing\.$/],
  ])('answers 404 to %s, and says where to go', async (path, message) => {
    const answer = await fetch(gateway.url + path, { method: 'POST', headers: { authorization: 'Bearer test-key' } });
    expect(answer.status).toBe(404);
    expect((await errorOf(answer)).error.message).toMatch(message);
  });
});
