import type { Counter } from 'prom-client';
import type { Clock } from '../common/clock.js';
import type { Exchange } from './exchange.js';
import type { Logger } from './logger.js';

/** Called once when an exchange is over, however it ended. Must not throw, must not wait. */
export interface ExchangeObserver {
  ended(exchange: Exchange): void;
}

/** Between two log lines about one observer; every fault is counted. */
const LOG_EVERY_MS = 10_000;

interface Guarded {
  name: string;
  observer: ExchangeObserver;
  /** Faults since the last line about them. */
  faultCount: number;
  logAgainAt: number;
}

/**
 * Tells every observer of the end of an exchange. A socket's `close` calls it, where an exception would end the process: a
 * fault of one observer is logged and counted, and the others are still told.
 */
export class ExchangeObservers implements ExchangeObserver {
  private readonly observers: Guarded[] = [];

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
    private readonly faults: Counter<'observer'>,
  ) {}

  /** `name` is for the log and the metrics. */
  add(name: string, observer: ExchangeObserver): this {
    this.observers.push({ name, observer, faultCount: 0, logAgainAt: 0 });
    return this;
  }

  ended(exchange: Exchange): void {
    for (const guarded of this.observers) {
      try {
        guarded.observer.ended(exchange);
      } catch (error) {
        this.failed(guarded, exchange, error);
      }
    }
  }

  private failed(guarded: Guarded, { id }: Exchange, err: unknown): void {
    const now = this.clock.now();
    this.faults.inc({ observer: guarded.name });
    guarded.faultCount++;
    if (now < guarded.logAgainAt) return;
    guarded.logAgainAt = now + LOG_EVERY_MS;
    try {
      const { name: observer, faultCount: faults } = guarded;
      this.logger.error({ id, observer, faults, err }, 'an observer of exchanges failed');
      guarded.faultCount = 0;
    } catch {
      // The log itself may be at fault: count it.
    }
  }
}
