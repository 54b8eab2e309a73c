import { Server } from 'node:net';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';

/** Where connections never cease to come, those of one turn are reset. */
const MOST_TURNS = 100;

/**
 * Closes the port of a server, and none of its connections.
 *
 * The system resets connections that it has accepted and the process has not fetched. Node fetches one in each turn of
 * its event loop, so this waits for a turn that brought none.
 */
export async function stopListening(server: Server): Promise<void> {
  let hasBroughtOne = true;
  const onConnection = (): void => void (hasBroughtOne = true);
  server.on('connection', onConnection);
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
