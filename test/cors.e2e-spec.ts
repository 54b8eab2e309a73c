import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { Page } from 'playwright-core';
import { describeInBrowser, OPEN_TIMEOUT_MS, type OpenBrowser } from './support/browser.js';
import { FakeUpstream, chunk, replyEvents } from './support/fake-upstream.js';
import { API_KEY, Gateway } from './support/gateway.js';
import { listen } from './support/listen.js';

const ORIGIN = 'https://app.example.com';
const allowed = ({ headers }: Response): string | null => headers.get('access-control-allow-origin');

describe('server.cors', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const start = async (origins?: string[]): Promise<void> => {
    gateway = await Gateway.inFrontOf(upstream, { config: origins ? { server: { cors: { origins } } } : {} });
  };
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${gateway.url}/v1/completions`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-stainless-lang',
      },
    });

  it('is off by default: a preflight gets 405, and no answer allows an origin', async () => {
    await start();
    const response = await preflight(ORIGIN);
    expect(response.status).toBe(405);
    expect(allowed(response)).toBeNull();
  });

  it('answers a preflight of a listed origin, without an API key', async () => {
    await start([ORIGIN]);
    const response = await preflight(ORIGIN);
    expect(response.status).toBe(204);
    expect(allowed(response)).toBe(ORIGIN);
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization,content-type,x-stainless-lang');
    expect(response.headers.get('vary')).toBe('Origin');
    expect(await gateway.accessLog()).toMatchObject([{ method: 'OPTIONS', status: 204 }]);
  });

  it('allows no other origin, not even of the same host', async () => {
    await start([ORIGIN]);
    for (const origin of ['https://evil.example.com', 'http://app.example.com', `${ORIGIN}:8443`, 'null']) {
      const response = await preflight(origin);
      expect(response.status).toBe(405);
      expect(allowed(response)).toBeNull();
    }
  });

  it('still requires an API key, and lets the page read the 401', async () => {
    await start(['*']);
    const response = await gateway.get('/v1/models', { origin: ORIGIN });
    expect(response.status).toBe(401);
    expect(allowed(response)).toBe('*');
  });

  it('adds no header for clients that are no browsers', async () => {
    await start(['*']);
    expect(allowed(await gateway.complete({ model: 'm', prompt: 'p' }))).toBeNull();
  });
});

describeInBrowser('a page of another origin', (open) => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let site: Server;
  let opened: OpenBrowser;
  let page: Page;

  beforeAll(async () => {
    site = createServer((_, response) => response.end('<!doctype html><title>A page</title>'));
    const origin = `http://127.0.0.1:${await listen(site)}`;
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { config: { server: { cors: { origins: [origin] } } } });
    opened = await open();
    page = await opened.browser.newPage();
    await page.goto(origin);
  }, OPEN_TIMEOUT_MS);

  afterAll(async () => {
    await opened.close();
    await gateway.stop();
    await upstream.stop();
    site.close();
  });

  const completeInPage = (body: object): Promise<{ status: number; id: string | null; text: string }> =>
    page.evaluate(
      async ({ url, key, sent }) => {
        const response = await fetch(`${url}/v1/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-stainless-lang': 'js' },
          body: sent,
        });
        return { status: response.status, id: response.headers.get('x-request-id'), text: await response.text() };
      },
      { url: gateway.url, key: API_KEY, sent: JSON.stringify({ model: 'm', prompt: 'p', ...body }) },
    );

  it('gets a JSON answer with its headers', async () => {
    const { status, id, text } = await completeInPage({});
    expect(status).toBe(200);
    expect(id).toMatch(/^[\w.-]+$/);
    expect(JSON.parse(text)).toHaveProperty('object', 'text_completion');
  });

  it('gets a stream', async () => {
    upstream.onCompletion(replyEvents(chunk('One', 'stop'), '[DONE]'));
    const { text } = await completeInPage({ stream: true });
    expect(text).toMatch(/^data: \{.*"One"[^]*data: \[DONE\]\n\n$/);
  });

  it('gets an error that it can read', async () => {
    const { status, text } = await completeInPage({ temperature: 9 });
    expect(status).toBe(422);
    expect(JSON.parse(text)).toHaveProperty('error.param', 'temperature');
  });
});
