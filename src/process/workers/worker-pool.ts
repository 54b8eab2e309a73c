import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../observability/logger.js';
import { RestartDelay } from '../../common/restart-delay.js';
import type { ToPrimary, ToWorker } from './messages.js';
import { WorkerProcess, WorkerStartError } from './worker-process.js';

/** Whoever owns the pool, and hears of its workers. */
export interface PoolOwner {
  /** The first message to a worker. */
  startMessage(): ToWorker;
  onMessage(worker: WorkerProcess, message: ToPrimary): void;
  /** It serves from now on. */
  onServing(worker: WorkerProcess): void;
  /** It is to get nothing new. */
  onRetiring(worker: WorkerProcess): void;
  onEnd(worker: WorkerProcess): void;
}

/** Keeps a number of workers running: replaces one that has died, and all of them without a gap. */
export class WorkerPool {
  /** All that live: starting, serving or leaving. */
  private readonly living = new Set<WorkerProcess>();
  private isEnding = false;
  /** The replacement that is under way, and whether another one has been asked for since. */
  private replacing: Promise<void> | undefined;
  private isAskedAgain = false;

  constructor(
    private readonly owner: PoolOwner,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  get workers(): readonly WorkerProcess[] {
    return [...this.living];
  }

  /** @throws {WorkerStartError} when one of them cannot start: then so cannot the others. */
  async start(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.launchFirst(new RestartDelay())));
  }

  broadcast(message: ToWorker): void {
    for (const worker of this.living) worker.send(message);
  }

  /**
   * For each worker, one after the other: starts a new one, and retires the old one when the new one serves. A retired
   * worker ends when its last connection has. Asked for during a replacement, another one follows.
   */
  replaceAll(): void {
    if (this.replacing) this.isAskedAgain = true;
    this.replacing ??= this.replaceOneByOne().finally(() => {
      this.replacing = undefined;
      if (!this.isAskedAgain || this.isEnding) return;
      this.isAskedAgain = false;
      this.replaceAll();
    });
  }

  /** Replaces a worker that crashed. */
  replaceFailing(worker: WorkerProcess): void {
    // One that is starting or leaving is being replaced already.
    const needsSuccessor = worker.state === 'serving' && !this.isEnding;
    worker.state = 'leaving';
    this.owner.onRetiring(worker);
    worker.send({ type: 'drain' });
    if (!needsSuccessor) return;
    const restartMs = worker.restartDelay.next();
    this.logger.error({ worker: worker.id, restartMs }, 'a worker had an uncaught fault; another one is started');
    this.launchAfter(restartMs, worker.restartDelay);
  }

  /** Ends all that live, at once. */
  kill(): void {
    for (const worker of this.living) worker.kill();
  }

  /** From now on nothing is started again. Those that do not serve yet are ended at once. */
  end(): void {
    this.isEnding = true;
    for (const worker of this.living) if (worker.state === 'starting') worker.kill();
  }

  /** Resolves when no worker is left; those that are left after so long are killed. */
  async ended(limitMs: number): Promise<void> {
    const limit = this.clock.timer(limitMs, () => this.kill());
    await Promise.all([...this.living].map(({ ended }) => ended));
    limit.cancel();
  }

  /** A worker killed during its start is no reason to give up on the others. */
  private async launchFirst(restartDelay: RestartDelay): Promise<void> {
    for (;;) {
      try {
        await this.launch(restartDelay);
        return;
      } catch (error) {
        if (this.isEnding || !(error instanceof WorkerStartError && error.wasKilled)) throw error;
        const restartMs = restartDelay.next();
        this.logger.error({ reason: error.message, restartMs }, 'a worker was killed before it served');
        await new Promise<void>((resolve) => this.clock.timer(restartMs, resolve));
      }
    }
  }

  private async launch(restartDelay: RestartDelay): Promise<void> {
    const worker = WorkerProcess.fork(restartDelay);
    this.living.add(worker);
    worker.onMessage((message) => {
      if (message.type === 'hello') worker.send(this.owner.startMessage());
      else this.owner.onMessage(worker, message);
    });
    void worker.ended.then((how) => this.onEnd(worker, how));
    await worker.serving;
    worker.state = 'serving';
    restartDelay.reset();
    this.logger.info({ worker: worker.id, pid: worker.pid }, 'a worker serves');
    this.owner.onServing(worker);
  }

  private async replaceOneByOne(): Promise<void> {
    for (const old of [...this.living].filter(({ state }) => state === 'serving')) {
      // One that has died meanwhile has a successor.
      if (this.isEnding || !this.living.has(old)) continue;
      old.state = 'leaving';
      try {
        await this.launch(old.restartDelay);
      } catch (error) {
        this.onFailedReplacement(old, error as Error);
        return;
      }
      this.owner.onRetiring(old);
      old.send({ type: 'retire' });
    }
    this.logger.info('every worker has been replaced');
  }

  private onFailedReplacement(old: WorkerProcess, error: Error): void {
    if (this.isEnding) return;
    this.logger.error({ reason: error.message }, 'a new worker cannot start; the old ones go on');
    if (this.living.has(old)) old.state = 'serving';
    else this.launchAfter(old.restartDelay.next(), old.restartDelay);
  }

  private onEnd(worker: WorkerProcess, how: string | number | null): void {
    this.living.delete(worker);
    this.owner.onEnd(worker);
    // One that was starting or leaving is being replaced already.
    if (worker.state !== 'serving' || this.isEnding) return;
    const restartMs = worker.restartDelay.next();
    this.logger.error({ worker: worker.id, reason: how, restartMs }, 'a worker died; another one is started');
    this.launchAfter(restartMs, worker.restartDelay);
  }

  private launchAfter(delayMs: number, restartDelay: RestartDelay): void {
    this.clock.timer(delayMs, () => {
      if (this.isEnding) return;
      this.launch(restartDelay).catch((error: unknown) => {
        if (this.isEnding) return;
        const restartMs = restartDelay.next();
        this.logger.error({ reason: (error as Error).message, restartMs }, 'a worker cannot start');
        this.launchAfter(restartMs, restartDelay);
      });
    });
  }
}
