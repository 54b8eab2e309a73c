import { AggregatorRegistry } from 'prom-client';
import type { Clock } from '../../common/clock.js';
import type { MetricsSnapshot } from './messages.js';

/** After this a busy worker's last report is used. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * The metrics of all workers as one, each combined as its `aggregator` says.
 *
 * The counts of a worker that is gone are kept, so that no counter decreases: up to its end when it exited, and up to its last
 * report when it was killed.
 */
export class MetricsSum {
  /** The last report of each live worker. */
  private readonly last = new Map<number, MetricsSnapshot>();
  /** The counts of those that are gone. */
  private past: MetricsSnapshot[] = [];
  /** Those that were asked and have not answered. */
  private readonly asked = new Map<number, () => void>();
  private reading: Promise<string> | undefined;

  constructor(
    private readonly workers: () => readonly number[],
    private readonly ask: (worker: number) => void,
    private readonly own: () => Promise<MetricsSnapshot>,
    private readonly clock: Clock,
  ) {}

  /** In Prometheus's format. Concurrent calls share one answer. */
  read(): Promise<string> {
    this.reading ??= this.gather().finally(() => (this.reading = undefined));
    return this.reading;
  }

  reported(worker: number, snapshot: MetricsSnapshot): void {
    this.last.set(worker, snapshot);
    this.asked.get(worker)?.();
  }

  gone(worker: number): void {
    const snapshot = this.last.get(worker) ?? [];
    this.last.delete(worker);
    this.asked.get(worker)?.();
    // A gauge is of what is under way.
    this.past.push(snapshot.filter(({ type }) => String(type) !== 'gauge'));
  }

  private async gather(): Promise<string> {
    const own = await this.own();
    await Promise.all(this.workers().map((worker) => this.answerOf(worker)));
    const known = this.past.length;
    const together = await AggregatorRegistry.aggregate(this.past).getMetricsAsJSON();
    // Workers may have ended meanwhile. From here on nothing is awaited, so that each counts once.
    this.past = [together, ...this.past.slice(known)];
    return AggregatorRegistry.aggregate([...this.past, ...this.last.values(), own]).metrics();
  }

  private answerOf(worker: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.timer(ANSWER_TIMEOUT_MS, () => done());
      const done = (): void => {
        timer.cancel();
        this.asked.delete(worker);
        resolve();
      };
      this.asked.set(worker, done);
      this.ask(worker);
    });
  }
}
