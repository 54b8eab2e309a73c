import type { Clock, Timer } from '../common/clock.js';
import type { Exchange } from '../observability/exchange.js';
import type { ExchangeObserver } from '../observability/exchange-observers.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import { usageRowOf } from './usage-row.js';
import type { UsageSpool } from './usage-spool.js';

/** Rows are written within this time after their request: a killed process loses no more. */
export const BATCH_MS = 1_000;
const MAX_BATCH = 500;

/** Rows that may wait in memory, while neither the database nor the disk takes them. */
const MAX_WAITING = 10_000;

/** Stores rows, each as JSON. A row that is already stored changes nothing. */
export interface UsageSink {
  /** @throws {Error} when the database does not take them. */
  write(rows: readonly string[]): Promise<void>;
}

/** Writes a row for each completion to the database within a second, and to disk while that is down. */
export class UsageRecorder implements ExchangeObserver {
  private waiting: string[] = [];
  private timer: Timer | undefined;
  private flushing: Promise<void> | undefined;
  private isDown = false;

  constructor(
    private readonly sink: UsageSink,
    private readonly spool: UsageSpool,
    private readonly clock: Clock,
    private readonly metrics: Pick<Metrics, 'usageRows'>,
    private readonly logger: Logger,
  ) {}

  ended(exchange: Exchange): void {
    const row = usageRowOf(exchange);
    if (row === undefined) return;
    if (this.waiting.length >= MAX_WAITING) {
      this.metrics.usageRows.inc({ outcome: 'dropped' });
      return;
    }
    this.waiting.push(row);
    if (this.waiting.length >= MAX_BATCH) void this.flush();
    else this.arm();
  }

  /** Starts with what an earlier process has left on disk. */
  begin(): void {
    // A counter that appears with its first row hides it from `increase`.
    for (const outcome of ['written', 'spooled', 'dropped']) this.metrics.usageRows.inc({ outcome }, 0);
    this.arm();
  }

  /** Writes what waits to the database or to disk. */
  async close(): Promise<void> {
    this.timer?.cancel();
    await this.flushing;
    await this.flush();
    this.timer?.cancel();
  }

  private arm(): void {
    this.timer ??= this.clock.timer(BATCH_MS, () => {
      this.timer = undefined;
      void this.flush();
    });
  }

  private flush(): Promise<void> {
    this.flushing ??= this.flushAll().finally(() => (this.flushing = undefined));
    return this.flushing;
  }

  private async flushAll(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    try {
      while (this.waiting.length > 0) await this.put(this.waiting.splice(0, MAX_BATCH));
      const isAllIn = await this.replay();
      // More may have ended meanwhile.
      if (!isAllIn || this.waiting.length > 0) this.arm();
    } catch (err) {
      this.logger.error({ err }, 'usage can be written neither to the database nor to the disk');
      this.arm();
    }
  }

  private async put(rows: string[]): Promise<void> {
    try {
      await this.write(rows);
    } catch (error) {
      this.wentDown(error);
      try {
        await this.spool.add(rows, this.clock.now());
      } catch (diskError) {
        this.waiting.unshift(...rows);
        throw diskError;
      }
      this.metrics.usageRows.inc({ outcome: 'spooled' }, rows.length);
    }
  }

  /** @returns whether nothing waits on disk any more. */
  private async replay(): Promise<boolean> {
    for (let batch = await this.spool.first(); batch; batch = await this.spool.first()) {
      try {
        await this.write(batch.rows);
      } catch (error) {
        this.wentDown(error);
        return false;
      }
      await batch.done();
    }
    return true;
  }

  private async write(rows: string[]): Promise<void> {
    await this.sink.write(rows);
    this.metrics.usageRows.inc({ outcome: 'written' }, rows.length);
    if (!this.isDown) return;
    this.isDown = false;
    this.logger.info('usage is written to the database again');
  }

  private wentDown(error: unknown): void {
    if (this.isDown) return;
    this.isDown = true;
    this.logger.error(
      { reason: (error as Error).message },
      'usage cannot be written to the database, and waits on disk',
    );
  }
}
