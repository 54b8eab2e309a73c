import type { NestExpressApplication } from '@nestjs/platform-express';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerConfig } from './config/config.js';
import { ShutdownState } from './health/shutdown.js';
import type { Logger } from './telemetry/logger.js';

const IDLE_SWEEP_MS = 50;

type DrainLimits = Pick<ServerConfig, 'shutdownDelayMs' | 'drainTimeoutMs'>;

const PARENT_LOOK_MS = 500;

/**
 * On SIGTERM or SIGINT: readiness goes down first, then nothing new is taken, then what is under way ends, up to a limit,
 * and the process exits with 0. A second signal ends it at once.
 *
 * Under npm the end of the parent does the same: npm passes a signal on to the shell in between, which ends and passes
 * nothing on.
 */
export function shutDownOnSignal(
  app: NestExpressApplication,
  limits: DrainLimits,
  logger: Logger,
  isUnderNpm: boolean,
): void {
  const state = app.get(ShutdownState);
  const begin = (reason: string): void => {
    state.isAnnounced = true;
    logger.info({ reason }, 'shutting down');
    void drain(app, state, limits).then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (state.isAnnounced) process.exit(128 + constants.signals[signal]);
      begin(signal);
    });
  }
  if (!isUnderNpm) return;
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    if (!state.isAnnounced) begin('the parent is gone');
  }, PARENT_LOOK_MS).unref();
}

async function drain(app: NestExpressApplication, state: ShutdownState, limits: DrainLimits): Promise<void> {
  await delay(limits.shutdownDelayMs);
  state.isDraining = true;
  const server = app.getHttpServer();
  // The signal came before the first request could.
  if (!server.listening) return app.close();
  const closed = once(server, 'close');
  // Takes no new connection and ends the idle ones; 'close' comes when the last request is done.
  server.close();
  // A connection whose last request ends from now on is kept alive all the same, and would hold the server open.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const limit = delay(limits.drainTimeoutMs, undefined, { ref: false });
  await Promise.race([closed, limit]);
  clearInterval(sweep);
  server.closeAllConnections();
  await app.close();
}
