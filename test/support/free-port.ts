import { once } from 'node:events';
import { createServer } from 'node:net';
// Ends in `.ts`: the bench runs this file without a build.
import { listen } from './listen.ts';

/** A port that is free now, for programs that cannot say which one the system gave them. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return port;
}
