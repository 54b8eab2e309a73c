import { ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Clock, Timer } from '../../common/clock.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';

/** Waiting spans; further ones are dropped and counted. */
const MAX_WAITING = 2_048;
/** Spans of one export, which is serialized synchronously: about 1 ms. */
const MAX_BATCH = 128;
const EXPORT_EVERY_MS = 1_000;
/** Less than the shutdown allows for closing everything. */
const END_LIMIT_MS = 400;

/** Exports spans, one batch at a time, in the background. What the collector does not take is dropped and counted. */
export class SpanQueue {
  private waiting: ReadableSpan[] = [];
  private timer: Timer | undefined;
  private exporting: Promise<void> | undefined;
  private hasFailed = false;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly clock: Clock,
    private readonly dropped: Metrics['traceSpansDropped'],
    private readonly logger: Logger,
  ) {}

  add(span: ReadableSpan): void {
    if (this.waiting.length >= MAX_WAITING) {
      this.dropped.inc({ reason: 'queue_full' });
      return;
    }
    this.waiting.push(span);
    this.schedule();
  }

  /** Exports what waits, for `END_LIMIT_MS` at most. */
  async end(): Promise<void> {
    const { promise: isOver, resolve } = Promise.withResolvers<void>();
    const limit = this.clock.timer(END_LIMIT_MS, resolve);
    await Promise.race([this.exportAll(), isOver]);
    limit.cancel();
  }

  private async exportAll(): Promise<void> {
    while (this.exporting || this.waiting.length > 0) await (this.exporting ?? this.exportBatch());
  }

  private schedule(): void {
    if (this.exporting) return;
    if (this.waiting.length >= MAX_BATCH) void this.exportBatch();
    else if (this.waiting.length > 0) this.timer ??= this.clock.timer(EXPORT_EVERY_MS, () => void this.exportBatch());
  }

  private exportBatch(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    const batch = this.waiting.splice(0, MAX_BATCH);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exporting = promise;
    const done = (error: Error | undefined): void => {
      this.note(batch.length, error);
      this.exporting = undefined;
      resolve();
      this.schedule();
    };
    try {
      this.exporter.export(batch, ({ code, error }) =>
        done(code === ExportResultCode.SUCCESS ? undefined : (error ?? new Error('not taken'))),
      );
    } catch (error) {
      done(error as Error);
    }
    return promise;
  }

  /** Logs when exports begin to fail, and when they recover. */
  private note(count: number, err: Error | undefined): void {
    if (err) {
      this.dropped.inc({ reason: 'export_failed' }, count);
      if (!this.hasFailed) this.logger.warn({ err }, 'spans cannot be exported');
    } else if (this.hasFailed) this.logger.info('spans are exported again');
    this.hasFailed = err !== undefined;
  }
}
