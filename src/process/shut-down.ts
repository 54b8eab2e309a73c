import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerConfig } from '../config/config.js';
import type { Logger } from '../observability/logger.js';
import { onFault } from './uncaught-fault.js';

/** What the process may take beyond its limits, whatever hangs. The rest of the promised 2 s is for the last log lines. */
const GRACE_MS = 1_000;

const CLOSE_LIMIT_MS = 500;

/** The longest that a timer of Node's can wait. */
const LONGEST_MS = 2 ** 31 - 1;

const PARENT_CHECK_MS = 500;

/** What a process does, and how that ends. Its steps are called in this order. */
export interface Service {
  endLimits(): Pick<ServerConfig, 'shutdownDelayMs' | 'drainTimeoutMs'>;
  /** From now on readiness fails. Requests are still served. */
  announceEnd(): void;
  /** Takes nothing new, and resolves when all that was under way has ended or, after `limitMs`, was cut. */
  drain(limitMs: number): Promise<void>;
  /** Releases everything else. While it is still starting, this is the only step. */
  close(): Promise<void>;
}

/**
 * The end of this process, in order: readiness goes down first, then nothing new is taken, then what is under way ends.
 * It is over within `shutdownDelayMs` + `drainTimeoutMs` + 2 s, whatever hangs.
 */
export class Shutdown {
  private hasBegun = false;
  private exitCode = 0;
  private service: Service | undefined;
  private logger: Logger | undefined;
  private isServing = false;

  /** Whatever fails from now on is no failure of its own. */
  get isUnderWay(): boolean {
    return this.hasBegun;
  }

  /** Call before the service starts. From now on an uncaught fault ends it. */
  attach(service: Service, logger: Logger): void {
    this.service = service;
    this.logger = logger;
    onFault(logger, () => this.begin('a fault', 1));
  }

  /** Call when the service serves. */
  started(): void {
    this.isServing = true;
  }

  /** Ends the process with `exitCode`. Asked for again, it changes nothing but the code. */
  begin(reason: string, exitCode = 0): void {
    if (exitCode !== 0) this.exitCode = exitCode;
    if (this.hasBegun) return;
    this.hasBegun = true;
    if (this.service) void this.end(this.service, reason);
    else process.exit(this.exitCode);
  }

  /**
   * Begins on SIGTERM or SIGINT. A second signal ends the process at once.
   *
   * Under npm the end of the parent does the same: npm passes a signal on to the shell in between, which ends and passes
   * nothing on.
   */
  beginOnSignal(isUnderNpm: boolean): void {
    let isTold = false;
    const announce = (reason: string): void => {
      isTold = true;
      this.begin(reason);
    };
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isTold) process.exit(128 + constants.signals[signal]);
        announce(signal);
      });
    }
    if (!isUnderNpm) return;
    const parent = process.ppid;
    const check = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(check);
      announce('the parent is gone');
    }, PARENT_CHECK_MS).unref();
  }

  private async end(service: Service, reason: string): Promise<void> {
    const { shutdownDelayMs, drainTimeoutMs } = service.endLimits();
    const longestMs = shutdownDelayMs + drainTimeoutMs + GRACE_MS;
    setTimeout(() => process.exit(this.exitCode), Math.min(longestMs, LONGEST_MS));
    try {
      this.logger?.info({ reason }, 'shutting down');
      if (this.isServing) {
        service.announceEnd();
        await delay(shutdownDelayMs);
        await service.drain(drainTimeoutMs);
      }
      await Promise.race([service.close(), delay(CLOSE_LIMIT_MS)]);
    } catch (err) {
      this.logger?.error({ err }, 'the end was not in order');
    }
    process.exit(this.exitCode);
  }
}
