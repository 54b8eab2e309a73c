import type { Logger } from '../observability/logger.js';

/** A fault that repeats must not fill the log while requests end. */
const MAX_LOGGED = 10;

/**
 * After an exception, or a rejected promise, that nobody caught, nobody knows what is left half done: the fault is logged,
 * and `end` is to end the process in order. Later faults are logged, too.
 */
export function onFault(logger: Logger, end: () => void): void {
  let count = 0;
  // Node reports a rejected promise here, too.
  process.on('uncaughtException', (err: unknown, origin) => {
    count++;
    if (count <= MAX_LOGGED) logger.fatal({ err, origin }, 'a fault that nobody caught');
    end();
  });
}
