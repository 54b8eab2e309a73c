import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { FakeUpstream } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';

/** All that answers without a key: a new public route has to be added here, where a reviewer sees it. */
const PUBLIC = [
  'GET /',
  'GET /console',
  'GET /console/:file',
  'GET /docs',
  'GET /docs/',
  'GET /docs/LICENSE',
  'GET /docs/admin',
  'GET /docs/admin/',
  'GET /docs/admin/LICENSE',
  'GET /docs/admin/admin/swagger-ui-init.js',
  'GET /docs/admin/index.html',
  'GET /docs/admin/swagger-ui-init.js',
  'GET /docs/docs/swagger-ui-init.js',
  'GET /docs/index.html',
  'GET /docs/swagger-ui-init.js',
  'GET /health',
  'GET /livez',
  'GET /openapi-admin.json',
  'GET /openapi-admin.yaml',
  'GET /openapi.json',
  'GET /openapi.yaml',
  'GET /readyz',
];

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}

describe('every route', () => {
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

  /** `GET /v1/models/*id`, as the running application knows it. */
  function routes(): string[] {
    const { router } = gateway.app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
    return router.stack.flatMap(({ route }) =>
      Object.keys(route?.methods ?? {}).map((method) => `${method.toUpperCase()} ${route?.path ?? ''}`),
    );
  }

  it('is either known to be public or answers 401 without a key', async () => {
    const open: string[] = [];
    for (const route of routes()) {
      const [method = '', path = ''] = route.split(' ');
      const response = await fetch(gateway.url + path.replace(/[*:]\w+/g, 'x'), { method });
      if (response.status !== 401) {
        open.push(route);
        continue;
      }
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      expect((await errorOf(response)).error.code).toBe('missing_api_key');
    }
    expect(open.sort()).toEqual(PUBLIC);
    expect(routes()).toEqual(expect.arrayContaining(['POST /v1/completions', 'GET /v1/models', 'GET /v1/models/*id']));
  });

  it.each([
    ['GET', '/v1/completions', 'POST'],
    ['HEAD', '/v1/completions', 'POST'],
    ['PUT', '/v1/completions', 'POST'],
    ['OPTIONS', '/v1/completions', 'POST'],
    ['DELETE', '/v1/models/x/y', 'GET, HEAD'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['POST', '/livez', 'GET, HEAD'],
    ['PATCH', '/openapi.json', 'GET, HEAD'],
  ])('answers 405 to %s %s, with Allow: %s', async (method, path, allow) => {
    const response = await fetch(`${gateway.url}${path}?query=1`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    if (method === 'HEAD') return;
    const message = `${path} does not take ${method}, but ${allow}.`;
    expect(await errorOf(response)).toEqual({
      detail: message,
      error: { message, type: 'invalid_request_error', param: null, code: 'method_not_allowed' },
    });
  });

  it.each(['/v1', '/v1/completions/x', '//v1/models', '/favicon.ico'])(
    'answers 404 `not_found` to an unknown path: %s',
    async (path) => {
      const response = await fetch(`${gateway.url}${path}?query=1`);
      expect(response.status).toBe(404);
      expect(response.headers.get('allow')).toBeNull();
      expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
      const message = `There is nothing at ${path}.`;
      expect(await errorOf(response)).toEqual({
        detail: message,
        error: { message, type: 'invalid_request_error', param: null, code: 'not_found' },
      });
    },
  );

  it.each(['/%ZZ', '/v1/models/%ZZ', '/v1/completions%'])(
    'answers 400, not 500, to the malformed path %s',
    async (path) => {
      const sent = request(gateway.url + path, { path });
      sent.end();
      const [message] = (await once(sent, 'response')) as [IncomingMessage];
      const text = (await message.setEncoding('utf8').toArray()).join('');
      expect(message.statusCode).toBe(400);
      expect(message.headers).toHaveProperty('x-request-id');
      expect(JSON.parse(text)).toMatchObject({
        error: { type: 'invalid_request_error', param: null, code: 'invalid_request' },
      });
      expect(text).not.toMatch(/\bat |node_modules|\.js/);
    },
  );

  it.each(['/docs', '/docs/swagger-ui.css', '/openapi.json', '/livez', '/v1/models'])(
    'answers %s with the request id that it was sent',
    async (path) => {
      const response = await gateway.get(path, { 'x-request-id': 'My_id.7-x' });
      await response.arrayBuffer();
      expect(response.headers.get('x-request-id')).toBe('My_id.7-x');
    },
  );
});
