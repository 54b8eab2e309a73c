import type { ServerConfig } from './config/config.js';
import type { Logger } from './telemetry/logger.js';

/** What the end may take beyond the time that requests under way have. */
const GRACE_MS = 2_000;

/** A fault that comes again and again is not to fill the log while requests end. */
const MAX_LOGGED = 10;

/**
 * After an exception, or a rejected promise, that nobody caught, nobody knows what is left half done: the fault is logged,
 * and the process ends in order, with code 1. `end` begins that as a SIGTERM would; where it does not come to its end, the
 * process does. Later faults are logged, and change nothing.
 */
export function endOnFault(
  logger: Logger,
  limits: Pick<ServerConfig, 'shutdownDelayMs' | 'drainTimeoutMs'>,
  end: (reason: string) => void,
): void {
  let count = 0;
  // Node reports a rejected promise here, too.
  process.on('uncaughtException', (err: unknown, origin) => {
    count++;
    if (count <= MAX_LOGGED) logger.fatal({ err, origin }, 'a fault that nobody caught');
    if (count > 1) return;
    process.exitCode = 1;
    setTimeout(() => process.exit(1), limits.shutdownDelayMs + limits.drainTimeoutMs + GRACE_MS);
    end('a fault');
  });
}
