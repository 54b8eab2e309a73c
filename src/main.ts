import './process/check-node.js';
// The whole module, and not names from it: an older Node lacks some of them, and would end before the check has spoken.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// A terminal that closes, or somebody who asks for a new configuration, does not end a gateway that is starting.
process.on('SIGHUP', () => undefined);
// What V8 makes of the code is kept for the next start and for each worker. Where the folder cannot be written to, this
// does nothing. The program is imported late because it has to be loaded after this.
module.enableCompileCache(fileURLToPath(new URL('../.compile-cache', import.meta.url)));
const { start } = await import('./process/start.js');
await start();
// A process that is killed would otherwise keep nothing.
module.flushCompileCache();
