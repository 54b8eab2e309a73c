import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';
import { bounded } from '../common/bounded.js';
import { type Gathering, LogOutput } from './log-output.js';

export type { Logger };

const ALONE: Gathering = { readyBytes: 16_384, maxBytes: 65_536 };

/** Writes to a pipe of up to this size are atomic, however many processes share it (POSIX, PIPE_BUF). */
const ATOMIC_BYTES = 4_096;
const SHARED: Gathering = { readyBytes: ATOMIC_BYTES / 2, maxBytes: ATOMIC_BYTES };

/** What a line may hold, in UTF-16 units, list elements and causes of causes. */
const MAX_TEXT = 1_024;
const MAX_STACK = 4_096;
const MAX_ELEMENTS = 20;
const MAX_CAUSES = 4;

/** The token to inject the pino `Logger` by. */
export const LOGGER = Symbol('logger');

/**
 * Writes JSON lines to standard output; no request waits for it, and the exit writes what is left. The fields of a line are
 * chosen one by one, so nothing has to be redacted, and each has a bound.
 */
export function createLogger(level: string, destination: DestinationStream = new LogOutput(ALONE)): Logger {
  return build(level, destination, null);
}

/** The same for processes that share a standard output: lines are not mixed, and each has `bindings`. */
export function createSharedLogger(level: string, bindings: object | null = null): Logger {
  return build(level, new LogOutput(SHARED), bindings);
}

function build(level: string, destination: DestinationStream, base: object | null): Logger {
  const options = {
    level,
    base: base && { ...base },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: boundFields },
    serializers: { err: describeError },
  };
  const logger = pino(options, destination);
  if (destination instanceof LogOutput) {
    destination.onRecovery = (lines) => logger.warn({ lines }, 'lines of the log were lost');
  }
  return logger;
}

/** Lines of the log that were lost since the start. */
export function lostLineCount(logger: Logger): number {
  const stream = streamOf(logger);
  return stream instanceof LogOutput ? stream.lostCount : 0;
}

function streamOf(logger: Logger): DestinationStream {
  return (logger as unknown as { [pino.symbols.streamSym]: DestinationStream })[pino.symbols.streamSym];
}

function boundFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, boundValue(value)]));
}

function boundValue(value: unknown): unknown {
  if (typeof value === 'string') return bounded(value, MAX_TEXT);
  return Array.isArray(value) ? value.slice(0, MAX_ELEMENTS).map(boundValue) : value;
}

/**
 * Writes a line of the access log: what `logger[level](record, msg)` writes, in a third of the time. Its fields are known to
 * be plain, so they need no serializers.
 */
export function writeRecord(logger: Logger, level: 'debug' | 'info', record: object, msg: string): void {
  const bindings = (logger as unknown as { [pino.symbols.chindingsSym]: string })[pino.symbols.chindingsSym];
  const fields = JSON.stringify(record).slice(1, -1);
  streamOf(logger).write(
    `{"level":"${level}"${pino.stdTimeFunctions.isoTime()}${bindings},${fields},"msg":"${msg}"}\n`,
  );
}

/** The fields of an error that help to find it. Libraries attach whole requests to theirs, secrets included. */
function describeError(error: unknown): object {
  try {
    return describe(error, MAX_CAUSES);
  } catch {
    // Anything can be thrown, and reading it may throw.
    return { message: 'an error that cannot be described' };
  }
}

function describe(error: unknown, causesLeft: number): object {
  if (!(error instanceof Error)) return { message: bounded(String(error), MAX_TEXT) };
  const { name, code, cause } = error as NodeJS.ErrnoException;
  const message = bounded(error.message, MAX_TEXT);
  const described = { name: boundValue(name), message, code: boundValue(code), stack: stackOf(error, message) };
  return cause === undefined || causesLeft === 0 ? described : { ...described, cause: describe(cause, causesLeft - 1) };
}

/** A stack begins with the message, which may be longer than the bound of the stack. */
function stackOf({ message, stack = '' }: Error, boundedMessage: string): string {
  return bounded(message === '' ? stack : stack.replace(message, () => boundedMessage), MAX_STACK);
}

/** Nest's own messages, in the same format. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...context: unknown[]): void {
    this.logger.debug({ context: context.at(-1) }, bounded(String(message), MAX_TEXT));
  }

  warn(message: unknown, ...context: unknown[]): void {
    this.logger.warn({ context: context.at(-1) }, bounded(String(message), MAX_TEXT));
  }

  error(message: unknown, ...context: unknown[]): void {
    this.logger.error({ context: context.at(-1) }, bounded(String(message), MAX_TEXT));
  }

  fatal(message: unknown, ...context: unknown[]): void {
    this.logger.fatal({ context: context.at(-1) }, bounded(String(message), MAX_TEXT));
  }
}
