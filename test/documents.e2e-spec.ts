import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { request } from 'node:http';
import { dirname } from 'node:path';
import { FakeUpstream } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';

const NEEDED = [
  'favicon-16x16.png',
  'favicon-32x32.png',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'swagger-ui.css',
];

describe('the documents', () => {
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

  /** As a browser opens them, whatever the case. */
  const PAGES = [
    '/docs',
    '/docs/',
    '/DOCS/index.html',
    '/docs?a=b',
    '/docs/swagger-ui-init.js',
    '/OpenAPI.json',
    '/openapi.yaml',
  ];

  it.each([...PAGES, ...NEEDED.map((file) => `/docs/${file}`)])(
    '%s has the security headers of a page',
    async (path) => {
      const response = await gateway.get(path, {});
      await response.arrayBuffer();
      expect(response.status).toBe(200);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
      const policy = response.headers.get('content-security-policy')?.split('; ') ?? [];
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "connect-src 'self'",
          "frame-ancestors 'none'",
        ]),
      );
    },
  );

  it('have the headers also when they are asked for by a whole URL', async () => {
    const { port } = new URL(gateway.url);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    request({ host: '127.0.0.1', port, path: `http://any.example/docs` }, (response) => {
      response.resume();
      resolve([response.statusCode, response.headers['referrer-policy']]);
    })
      .once('error', reject)
      .end();
    expect(await promise).toEqual([200, 'no-referrer']);
  });

  it('include only the files that the page needs: no source map and no other file of the package', async () => {
    const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
    const others = readdirSync(folder).filter((name) => !NEEDED.includes(name) && name !== 'index.html');
    expect(others).toContain('swagger-ui-bundle.js.map');
    const encoded = ['swagger-ui.css%2Emap', '%73wagger-ui.css.map', './swagger-ui.css.map', 'x/../swagger-ui.css.map'];
    for (const name of [...others, ...encoded]) {
      const response = await gateway.get(`/docs/${name}`, {});
      expect([name, response.status, (await errorOf(response)).error.code]).toEqual([name, 404, 'not_found']);
    }
  });

  it('leave the answers of the API without such headers', async () => {
    const response = await gateway.complete({ model: 'test-model', prompt: 'Hi' });
    expect(response.headers.get('content-security-policy')).toBeNull();
  });
});
