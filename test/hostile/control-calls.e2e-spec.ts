import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Gateway } from '../support/gateway.js';
import { listen } from '../support/listen.js';
import { ManualClock } from '../support/manual-clock.js';
import { settled } from '../support/settled.js';
import { until } from '../support/wait.js';

const ANONYMOUS = {};
const MIB = 1_048_576;
/** What the kernel buffers of an answer that is not read. */
const SOCKET_BUFFERS = 12 * MIB;

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const listOf =
  (names: unknown[]): Answer =>
  (response) =>
    response.end(JSON.stringify({ object: 'list', data: names.map((id) => ({ id })) }));

/** Sends as fast as it is read, and never ends. */
const endless =
  (head: string, piece: string): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(head);
    const send = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', send);
    send();
  };

describe('the calls by which the gateway learns of an upstream', () => {
  let server: Server;
  let gateway: Gateway | undefined;
  let requestCount = 0;
  let sockets: Socket[] = [];

  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
    server.closeAllConnections();
    server.close();
  });

  async function start(answer: Answer): Promise<{ baseUrl: string }> {
    requestCount = 0;
    sockets = [];
    server = createServer((request, response) => {
      requestCount++;
      answer(response, request);
    });
    server.on('connection', (socket: Socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
    });
    return { baseUrl: `http://127.0.0.1:${await listen(server)}/v1` };
  }

  it.each(['/readyz', '/health'])('are not made for requests of %s', async (path) => {
    const upstream = await start(listOf(['m']));
    gateway = await Gateway.inFrontOf(upstream, { clock: new ManualClock() });
    expect((await gateway.get(path, ANONYMOUS)).status).toBe(200);
    const before = requestCount;
    for (let i = 0; i < 1_000; i++) expect((await gateway.get(path, ANONYMOUS)).status).toBe(200);
    expect(requestCount - before).toBe(0);
  });

  it.each<[string, Answer]>([
    ['names', endless('{"object":"list","data":[{"id":"m"}', `,{"id":"${'m'.repeat(60_000)}"}`)],
    ['blanks', endless('{"object":"list","data":[]', ' '.repeat(65_536))],
  ])('read no endless list of models: %s', async (_, answer) => {
    const upstream = await start(answer);
    gateway = await Gateway.inFrontOf(upstream, { upstream: { discover: true } });
    expect((await gateway.get('/readyz', ANONYMOUS)).status).toBe(503);
    await until('the connections to close', () => sockets.every(({ destroyed }) => destroyed));
    const bytes = sockets.reduce((sum, socket) => sum + socket.bytesWritten, 0);
    // The health check asks for the same list.
    expect(bytes).toBeLessThan(sockets.length * (4 * MIB + SOCKET_BUFFERS));
    expect((await gateway.complete({ model: 'm', prompt: 'p' })).status).toBe(404);
  });

  it('end after `timeoutMs` when the upstream keeps sending a little', async () => {
    const upstream = await start((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(timer));
    });
    gateway = await Gateway.inFrontOf(upstream, { upstream: { discover: true, health: { timeoutMs: 100 } } });
    expect((await gateway.get('/readyz', ANONYMOUS)).status).toBe(503);
  });

  it('follow no redirect', async () => {
    const upstream = await start((response, request) => {
      if (request.url === '/elsewhere') listOf(['m'])(response, request);
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    gateway = await Gateway.inFrontOf(upstream, { upstream: { discover: true } });
    const list = (await (await gateway.get('/v1/models')).json()) as { data: unknown[] };
    expect(list.data).toEqual([]);
  });

  it('learn no more than 10,000 names, of up to 256 characters', async () => {
    const names = [
      'good',
      'x'.repeat(257),
      'y'.repeat(256),
      '',
      5,
      null,
      ...Array.from({ length: 12_000 }, (_, i) => `m${i}`),
    ];
    const upstream = await start(listOf(names));
    gateway = await Gateway.inFrontOf(upstream, { upstream: { discover: true } });
    const list = (await (await gateway.get('/v1/models')).json()) as { data: { id: string }[] };
    const ids = list.data.map(({ id }) => id);
    expect(ids).toHaveLength(10_000);
    expect(ids.slice(0, 3)).toEqual(['good', 'y'.repeat(256), 'm0']);
  });

  it('are shared by clients that ask for the list of models at the same time', async () => {
    const upstream = await start(listOf(['m']));
    gateway = await Gateway.inFrontOf(upstream, { clock: new ManualClock() });
    const before = requestCount;
    const running = gateway;
    const lists = await Promise.all(Array.from({ length: 50 }, () => running.get('/v1/models')));
    for (const list of lists) expect(list.status).toBe(200);
    await (await gateway.get('/v1/models/m')).text();
    await settled(() => requestCount);
    expect(requestCount - before).toBeLessThanOrEqual(2);
  });
});
