import { Server } from 'node:net';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';

/** More than the backlog, which is 511 by Node's default. Connections after that many turns are reset. */
const MOST_TURNS = 1_000;

/**
 * Closes the port of a server, and none of its connections.
 *
 * The system resets connections that it has accepted and the process has not fetched. So the backlog is reduced first: other
 * clients get no answer to their SYN, and find the port closed when they repeat it. Node fetches one connection in each turn of
 * its event loop, until a turn brings none.
 */
export async function stopListening(server: Server): Promise<void> {
  let hasBroughtOne = true;
  const onConnection = (): void => void (hasBroughtOne = true);
  server.on('connection', onConnection);
  const { _handle: handle } = server as { _handle?: { listen?: (backlog: number) => number } | null };
  handle?.listen?.(0);
  // This turn may have looked for connections already.
  await turnOfTheEventLoop();
  for (let turn = 0; hasBroughtOne && turn < MOST_TURNS; turn++) {
    hasBroughtOne = false;
    await turnOfTheEventLoop();
  }
  server.off('connection', onConnection);
  // An HTTP server's own `close` destroys idle connections, into which a request may be on its way.
  if (server.listening) Server.prototype.close.call(server);
}
