import { Server } from 'node:net';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';

/** More than the system keeps for a process, which is 511 as Node asks for it. Those of a turn after that are reset. */
const MOST_TURNS = 1_000;

/**
 * Closes the port of a server, and none of its connections.
 *
 * The system resets connections that it has accepted and the process has not fetched. So first it is told to accept no more
 * of them than one at a time: other clients get no answer to their SYN, and find the port closed when they repeat it. Node fetches
 * one in each turn of its event loop; a turn that brought none was the last.
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
