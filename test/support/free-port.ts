import { once } from 'node:events';
import { createServer } from 'node:net';
import { listen } from './listen.js';

/** A port that is free now, for programs that cannot say which one the system gave them. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}
