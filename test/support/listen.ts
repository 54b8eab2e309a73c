import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Resolves with the port when the server listens; 0 is one that the system chooses. */
export async function listen(server: Server, port = 0, host = '127.0.0.1'): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
