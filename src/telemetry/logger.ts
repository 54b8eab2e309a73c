import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

/** Lines are gathered, so that each does not cost a write: up to so many bytes, and not for longer than anybody notices. */
const GATHERED = { minLength: 16_384, maxWrite: 65_536, periodicFlush: 100 };

/** The token to inject the pino `Logger` by. */
export const LOGGER = Symbol('logger');

/**
 * Writes JSON lines to standard output, without making a request wait for it; what is not written yet is written when
 * the process exits. What goes into a line is chosen field by field, so there is nothing to take out again.
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  return pino(options, destination ?? gatheringDestination(GATHERED));
}

/** No system tears so much apart that is written at once, however many write to the same pipe (POSIX, PIPE_BUF). */
const UNTORN_BYTES = 4_096;

/** The same for processes that share a standard output: their lines come one by one. */
export function createSharedLogger(level: string): Logger {
  const untorn = { ...GATHERED, minLength: UNTORN_BYTES / 2, maxWrite: UNTORN_BYTES };
  return createLogger(level, gatheringDestination(untorn));
}

/** Standard output, given bytes: given text, pino's destination would measure all that it has gathered anew for each line. */
function gatheringDestination(options: typeof GATHERED): DestinationStream & { flushSync(): void } {
  const stdout = pino.destination({ dest: 1, sync: false, contentMode: 'buffer', ...options });
  return {
    // What it takes in this mode, its types do not say.
    write: (line) => void stdout.write(Buffer.from(line) as unknown as string),
    // pino calls it before a fatal error ends the process.
    flushSync: () => stdout.flushSync(),
  };
}

/**
 * Writes a line of the access log: what `logger[level](record, msg)` writes, in a third of the time. There is one for each
 * request, of fields that are known to be plain, so that JSON can be written without a look at each.
 */
export function writeRecord(logger: Logger, level: 'debug' | 'info', record: object, msg: string): void {
  const stream = (logger as unknown as { [pino.symbols.streamSym]: DestinationStream })[pino.symbols.streamSym];
  const bindings = (logger as unknown as { [pino.symbols.chindingsSym]: string })[pino.symbols.chindingsSym];
  const fields = JSON.stringify(record).slice(1, -1);
  stream.write(`{"level":"${level}"${pino.stdTimeFunctions.isoTime()}${bindings},${fields},"msg":"${msg}"}\n`);
}

/** Of an error, what helps to find it. Libraries hang whole requests on theirs, headers with secrets included. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, code, cause } = error as NodeJS.ErrnoException;
  return { name, message, code, stack, ...(cause === undefined ? {} : { cause: describeError(cause) }) };
}

/** Nest's own messages, in the same lines. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...context: unknown[]): void {
    this.logger.debug({ context: context.at(-1) }, String(message));
  }

  warn(message: unknown, ...context: unknown[]): void {
    this.logger.warn({ context: context.at(-1) }, String(message));
  }

  error(message: unknown, ...context: unknown[]): void {
    this.logger.error({ context: context.at(-1) }, String(message));
  }

  fatal(message: unknown, ...context: unknown[]): void {
    this.logger.fatal({ context: context.at(-1) }, String(message));
  }
}
