import type { NestExpressApplication } from '@nestjs/platform-express';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerConfig } from './config/config.js';
import { ShutdownState } from './health/shutdown.js';
import type { Logger } from './telemetry/logger.js';

const IDLE_SWEEP_MS = 50;

const PARENT_LOOK_MS = 500;

/**
 * Calls `begin` on SIGTERM or SIGINT. A second signal ends the process at once.
 *
 * Under npm the end of the parent does the same: npm passes a signal on to the shell in between, which ends and passes
 * nothing on.
 */
export function onEndSignal(isUnderNpm: boolean, begin: (reason: string) => void): void {
  let hasBegun = false;
  const beginOnce = (reason: string): void => {
    hasBegun = true;
    begin(reason);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (hasBegun) process.exit(128 + constants.signals[signal]);
      beginOnce(signal);
    });
  }
  if (!isUnderNpm) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    if (!hasBegun) beginOnce('the parent is gone');
  }, PARENT_LOOK_MS).unref();
}

/**
 * Readiness goes down first, then nothing new is taken, then what is under way ends, up to a limit, and the process exits:
 * with 0, unless `process.exitCode` says otherwise.
 */
export async function shutDown(
  app: NestExpressApplication,
  limits: Pick<ServerConfig, 'shutdownDelayMs' | 'drainTimeoutMs'>,
  logger: Logger,
  reason: string,
): Promise<void> {
  const state = app.get(ShutdownState);
  state.isAnnounced = true;
  logger.info({ reason }, 'shutting down');
  await delay(limits.shutdownDelayMs);
  state.isDraining = true;
  const server = app.getHttpServer();
  // Otherwise the signal came before the first request could.
  if (server.listening) {
    const closed = once(server, 'close');
    // Takes no new connection and ends the idle ones; 'close' comes when the last request is done.
    server.close();
    await drain(server, closed, limits.drainTimeoutMs);
  }
  await app.close();
  process.exit();
}

/** Lets what is under way on a server that takes no new connection end; what has not ended after the limit is cut. */
export async function drain(
  server: ReturnType<NestExpressApplication['getHttpServer']>,
  closed: Promise<unknown>,
  limitMs: number,
): Promise<void> {
  // A connection whose last request ends from now on is kept alive all the same, and would hold the server open.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const limit = delay(limitMs, undefined, { ref: false });
  await Promise.race([closed, limit]);
  clearInterval(sweep);
  server.closeAllConnections();
}
