import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buildConnector } from 'undici';
import { type Connection, Connections } from './connections.js';

describe('Connections', () => {
  let server: Server;
  let sockets: Socket[];
  let waiting: ServerResponse[];
  let connections: Connections;

  beforeEach(async () => {
    sockets = [];
    waiting = [];
    server = createServer((_request, response) => {
      waiting.push(response);
      server.emit('asked');
    });
    server.on('connection', (socket) => sockets.push(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    connections = new Connections(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      buildConnector({ timeout: 5_000 }),
    );
  });

  afterEach(async () => {
    await connections.close('now');
    server.closeAllConnections();
    server.close();
  });

  /** Sends a request, which waits for its answer until `answerAll`. */
  async function send(): Promise<{ connection: Connection; ended: Promise<void> }> {
    const connection = connections.take();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const asked = once(server, 'asked');
    connection.dispatch(
      { method: 'GET', path: '/' },
      {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: () => undefined,
        onResponseEnd() {
          connection.release();
          resolve();
        },
        onResponseError(_controller, error) {
          connection.release();
          reject(error);
        },
      },
    );
    await asked;
    return { connection, ended: promise };
  }

  /** What has been given back is free then. */
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  function answerAll(): void {
    for (const response of waiting.splice(0)) response.end('done');
  }

  it('are as many as requests under way, and are reused, the last freed first', async () => {
    const first = await send();
    const second = await send();
    expect(sockets).toHaveLength(2);
    answerAll();
    await first.ended;
    await second.ended;
    await nextTurn();
    const third = await send();
    answerAll();
    await third.ended;
    expect(third.connection).toBe(second.connection);
    expect(sockets).toHaveLength(2);
  });

  it('are dropped when the server closes them while they are idle', async () => {
    const { connection, ended } = await send();
    answerAll();
    await ended;
    const [socket] = sockets as [Socket];
    socket.end();
    // The other side has closed, too: it has seen the end.
    await once(socket, 'close');
    const next = await send();
    answerAll();
    await next.ended;
    expect(next.connection).not.toBe(connection);
    expect(sockets).toHaveLength(2);
  });

  it('close when their requests have ended', async () => {
    const { ended } = await send();
    const closed = connections.close('when_idle');
    answerAll();
    await ended;
    await closed;
    const [socket] = sockets as [Socket];
    if (!socket.destroyed) await once(socket, 'close');
    expect(waiting).toEqual([]);
  });
});
