import type { Logger } from '../observability/logger.js';

/** A fault that repeats must not fill the log while requests end. */
const MAX_LOGGED = 10;

/**
 * An uncaught exception or rejection may leave anything half done: the fault is logged, and `end` has to end the process in
 * order. Later faults are logged, too.
 */
export function onFault(logger: Logger, end: () => void): void {
  let count = 0;
  // Node reports a rejected promise here, too.
  process.on('uncaughtException', (err: unknown, origin) => {
    count++;
    if (count <= MAX_LOGGED) logger.fatal({ err, origin }, 'uncaught fault');
    end();
  });
}
