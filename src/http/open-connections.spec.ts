import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { ManualClock } from '../../test/support/manual-clock.js';
import { OpenConnections } from './open-connections.js';

const REQUEST = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
const LAST = /HTTP\/1\.1 200 OK\r\nConnection: close\r\n/;
const NOT_LAST = /^HTTP\/1\.1 200 OK\r\nDate/;

/** Of a connection, what the client has seen. */
interface Client {
  socket: Socket;
  text: string;
  hasEnded: boolean;
  error: string | undefined;
}

describe('the connections of a server that drains', () => {
  let server: Server;
  let clock: ManualClock;
  let connections: OpenConnections;
  /** Those of the requests that have come and have no answer yet. */
  let answers: ServerResponse[];
  let clients: Client[];

  beforeEach(async () => {
    answers = [];
    clients = [];
    clock = new ManualClock();
    server = createServer((_request, response) => void answers.push(response));
    connections = new OpenConnections(server, clock);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => {
    for (const { socket } of clients) socket.destroy();
    server.close();
    server.closeAllConnections();
  });

  async function open(): Promise<Client> {
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const client: Client = { socket, text: '', hasEnded: false, error: undefined };
    clients.push(client);
    socket.on('data', (bytes: Buffer) => (client.text += bytes.toString()));
    socket.on('end', () => (client.hasEnded = true));
    socket.on('error', (error: NodeJS.ErrnoException) => (client.error = error.code));
    await Promise.all([once(socket, 'connect'), once(server, 'connection')]);
    return client;
  }

  /** Turns of the event loop until `isSo`, of which there are enough for a machine that others use, too. */
  async function until(what: string, isSo: () => boolean): Promise<void> {
    for (let turn = 0; !isSo(); turn++) {
      if (turn === 100_000) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  const received = (count: number): Promise<void> => until(`${count} have come`, () => answers.length >= count);

  async function pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 50) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function answered(client: Client): Promise<void> {
    client.socket.write(REQUEST);
    await received(answers.length + 1);
    answers.at(-1)?.end('x');
    await until('it is answered', () => client.text.endsWith('x'));
  }

  it('are kept while they are idle, for 6 s, and then closed on our side first', async () => {
    const client = await open();
    await answered(client);
    const drained = connections.drain(30_000);
    await pass(5_950);
    expect(client.hasEnded).toBe(false);
    await pass(150);
    await until('our side is closed', () => client.hasEnded);
    // What crosses the close is read and thrown away, and no reason for a reset.
    client.socket.write(REQUEST.repeat(3));
    await pass(100);
    client.socket.end();
    await drained;
    expect(client.error).toBeUndefined();
    expect(answers).toHaveLength(1);
  });

  it('get an answer in that time, marked as the last one', async () => {
    const client = await open();
    await answered(client);
    const drained = connections.drain(30_000);
    await pass(3_000);
    client.text = '';
    await answered(client);
    expect(client.text).toMatch(LAST);
    await until('our side is closed', () => client.hasEnded);
    client.socket.end();
    await drained;
    expect(client.error).toBeUndefined();
  });

  it('mark answers that were under way and had not begun', async () => {
    const client = await open();
    client.socket.write(REQUEST);
    await received(1);
    const drained = connections.drain(30_000);
    answers[0]?.end('x');
    await until('it is answered', () => client.text.endsWith('x'));
    expect(client.text).toMatch(LAST);
    client.socket.end();
    await drained;
  });

  it('are not idle while half of a request comes', async () => {
    const client = await open();
    const drained = connections.drain(30_000);
    for (const part of ['GET / HTTP/1.1\r\n', 'host: x\r\n']) {
      await pass(5_000);
      client.socket.write(part);
      await pass(100);
    }
    await pass(5_000);
    client.socket.write('\r\n');
    await received(1);
    answers[0]?.end('x');
    await until('it is answered', () => client.text.endsWith('x'));
    client.socket.end();
    await drained;
  });

  it('answer all pipelined requests, and mark only the last answer', async () => {
    const client = await open();
    const drained = connections.drain(30_000);
    client.socket.write(REQUEST + REQUEST);
    await received(2);
    for (const answer of answers) answer.end('x');
    await until('both are answered', () => client.text.split('HTTP/1.1').length === 3 && client.text.endsWith('x'));
    const [first = '', second = ''] = client.text.split(/(?<=x)(?=HTTP)/);
    expect(first).toMatch(NOT_LAST);
    expect(second).toMatch(LAST);
    client.socket.end();
    await drained;
    expect(client.error).toBeUndefined();
  });

  it('are cut at the limit when they are busy, and closed when they are not, whether their clients close or do not', async () => {
    const busy = await open();
    busy.socket.write(REQUEST);
    await received(1);
    const idle = await open();
    const drained = connections.drain(1_000);
    await pass(1_050);
    await until('the busy one is cut', () => busy.socket.readableEnded || busy.error !== undefined);
    await until('the idle one is closed', () => idle.hasEnded);
    await pass(500);
    await drained;
    await connections.ended();
  });
});
