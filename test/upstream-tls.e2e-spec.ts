import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createProxy, type Server } from 'node:http';
import { createServer, type Server as SecureServer, type ServerOptions } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { chunk, completion, FakeUpstream, replyEvents, replyJson } from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';
import { listen } from './support/listen.js';
import { ManualClock } from './support/manual-clock.js';
import { until } from './support/wait.js';

const fileOf = (name: string): string => fileURLToPath(new URL(`./fixtures/tls/${name}`, import.meta.url));
const read = (name: string): Buffer => readFileSync(fileOf(name));
const caFile = fileOf('ca.pem');
const BODY = { model: 'm', prompt: 'p' };

const secured = (name: 'server' | 'expired', options: ServerOptions = {}): SecureServer =>
  createServer({ cert: read(`${name}.pem`), key: read(`${name}.key`), ...options });

describe('an upstream with TLS', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  /** `maxAttempts: 1`, so that one failure is the answer. */
  const start = async (server: SecureServer, options: object = { tls: { caFile } }): Promise<void> => {
    upstream = await FakeUpstream.on(server);
    const config = { routing: { maxAttempts: 1 } };
    gateway = await Gateway.inFrontOf(upstream, { config, upstream: options });
  };

  it('works with a private CA: JSON, a stream, and the health check', async () => {
    await start(secured('server'));
    expect((await gateway.complete(BODY)).status).toBe(200);
    upstream.onCompletion(replyEvents(chunk('One', 'stop'), '[DONE]'));
    expect(await (await gateway.complete({ ...BODY, stream: true })).text()).toContain('"One"');
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  it('is spoken to in HTTP/1.1, also when it offers HTTP/2', async () => {
    await start(secured('server', { ALPNProtocols: ['h2', 'http/1.1'] }));
    expect((await gateway.complete(BODY)).status).toBe(200);
  });

  it('is asked to continue the TLS session of an earlier connection', async () => {
    const server = secured('server');
    const reused: boolean[] = [];
    server.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()));
    await start(server, { tls: { caFile }, healthCheck: 'off' });
    upstream.onCompletion(replyJson(completion('Hello'), 200, { connection: 'close' }));
    for (let sent = 0; sent < 3; sent++) await (await gateway.complete(BODY)).text();
    expect(reused).toEqual([false, true, true]);
  });

  it('is asked and checked also when the files of its certificates are gone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const copy = join(folder, 'ca.pem');
    copyFileSync(caFile, copy);
    const server = secured('server');
    let checks = 0;
    server.on('request', ({ method }) => (checks += method === 'GET' ? 1 : 0));
    upstream = await FakeUpstream.on(server);
    const clock = new ManualClock();
    gateway = await Gateway.inFrontOf(upstream, { clock, upstream: { tls: { caFile: copy } } });
    await until('the first check', () => checks > 0);
    rmSync(folder, { recursive: true });
    const before = checks;
    await until(
      'another check',
      () => checks > before,
      () => clock.advance(1_000),
    );
    expect((await gateway.complete(BODY)).status).toBe(200);
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  it('gets the certificate of the gateway, where it wants one', async () => {
    await start(secured('server', { requestCert: true, rejectUnauthorized: true, ca: read('ca.pem') }), {
      tls: { caFile, certFile: fileOf('client.pem'), keyFile: fileOf('client.key') },
    });
    expect((await gateway.complete(BODY)).status).toBe(200);
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  it.each<[string, 'server' | 'expired', object, RegExp]>([
    ['an expired certificate', 'expired', { caFile }, /certificate has expired/],
    ['a certificate of an unknown authority', 'server', {}, /unable to verify|unable to get local issuer/],
    ['a certificate for another name', 'server', { caFile, serverName: 'other.example' }, /does not match/],
  ])('gets no request when it shows %s, and the log says so', async (_, name, tls, reason) => {
    await start(secured(name), { tls });
    const response = await gateway.complete(BODY);
    expect(response.status).toBe(503);
    // The client does not get the reason.
    expect(await response.text()).not.toMatch(/certificate/);
    expect(await gateway.accessLog()).toMatchObject([{ errorReason: expect.stringMatching(reason) }]);
    expect(upstream.requests).toHaveLength(0);
    expect((await gateway.get('/readyz')).status).toBe(503);
  });
});

describe('a proxy before an upstream with TLS', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let proxy: Server;
  let asked: [target: string | undefined, credential: string | undefined][];
  let isOpen: boolean;

  beforeEach(async () => {
    asked = [];
    isOpen = true;
    proxy = createProxy();
    proxy.on('connect', (request, socket: Socket) => {
      asked.push([request.url, request.headers['proxy-authorization']]);
      if (!isOpen) {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        return;
      }
      const { hostname, port } = new URL(`http://${request.url}`);
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    const port = await listen(proxy);
    upstream = await FakeUpstream.on(secured('server'));
    const url = `http://user:secret@127.0.0.1:${port}`;
    gateway = await Gateway.inFrontOf(upstream, {
      config: { routing: { maxAttempts: 1 } },
      upstream: { proxy: url, tls: { caFile } },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('is asked for a tunnel, with its credential, for requests and for health checks', async () => {
    expect((await gateway.complete(BODY)).status).toBe(200);
    await until('a health check', () => asked.length >= 2);
    const target = new URL(upstream.baseUrl).host;
    const credential = `Basic ${Buffer.from('user:secret').toString('base64')}`;
    expect(asked.slice(0, 2)).toEqual([
      [target, credential],
      [target, credential],
    ]);
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  it('that refuses is named in the log, without its credential', async () => {
    isOpen = false;
    expect((await gateway.complete(BODY)).status).toBe(503);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ errorReason: 'the proxy refused the tunnel with 403' });
    expect(JSON.stringify(gateway.logLines)).not.toContain('secret');
  });
});
