import { connect, type Socket } from 'node:net';
import { API_KEY, type Gateway } from './gateway.js';

/** Asks for a completion on a socket of its own, of which nothing is read until the caller does. */
export function askOnSocket(gateway: Gateway, fields: object, isLast = true): Socket {
  const { port, hostname } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  const body = JSON.stringify(fields);
  socket.write(
    `POST /v1/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n${isLast ? 'connection: close\r\n' : ''}` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  return socket;
}
