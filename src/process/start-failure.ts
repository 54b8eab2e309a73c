import { ConfigError } from '../config/load-config.js';
import { hostAndPort } from '../http/listening-url.js';
import { EngineStartError } from '../upstreams/embedded-engine.js';
import { WorkerStartError } from './workers/worker-process.js';

interface ListenError extends NodeJS.ErrnoException {
  address?: string;
  port?: number;
}

/** Why the start failed and what to do about it; for a bug, the stack. */
export function explainStartFailure(thrown: unknown): string {
  const explained = [ConfigError, EngineStartError, WorkerStartError];
  if (explained.some((type) => thrown instanceof type)) return (thrown as Error).message;
  const { message, stack, code, address = '', port = 0, hostname = '' } = thrown as ListenError & { hostname?: string };
  switch (code) {
    case 'EADDRINUSE':
      return `Something listens on ${hostAndPort(address, port)} already. Stop it, or choose another port: PORT=8081 npm start (0 for any).`;
    case 'EACCES':
      return `This user may not listen on ${hostAndPort(address, port)}. Choose a port from 1024 on: PORT=8080 npm start.`;
    case 'EADDRNOTAVAIL':
      return `This machine has no address ${address} to listen on. HOST=127.0.0.1 is this machine alone, HOST=0.0.0.0 all its addresses.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The host name ${hostname} is not known, so it cannot be listened on. Set HOST to an address of this machine.`;
    case undefined:
    default:
      return stack ?? message;
  }
}
