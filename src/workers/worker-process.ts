import cluster, { type Worker } from 'node:cluster';
import type { Socket } from 'node:net';
import type { RestartDelay } from '../telemetry/restart-delay.js';
import type { ToPrimary, ToWorker } from './messages.js';

/** A worker that could not start, in words for whoever starts the gateway. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';
}

/** One worker, as the primary process sees it. */
export class WorkerProcess {
  /** Resolves when it serves. @throws {WorkerStartError} when it ends before. */
  readonly serving: Promise<void>;
  /** Resolves with how it ended, once all that it had to say has been heard. */
  readonly ended: Promise<string | number | null>;
  /** `leaving`: another one is to come, or has come, in its place. */
  state: 'starting' | 'serving' | 'leaving' = 'starting';

  private constructor(
    private readonly worker: Worker,
    /** Goes over to its successor. */
    readonly restartDelay: RestartDelay,
  ) {
    // A process that dies may have said something that has not been read yet: its channel closes after that.
    const isSilent = new Promise<void>((resolve) => worker.process.once('disconnect', resolve));
    const exit = new Promise<string | number | null>((resolve) => {
      worker.process.once('exit', (code, signal) => resolve(signal ?? code));
    });
    this.ended = Promise.all([exit, isSilent]).then(([how]) => how);
    this.serving = this.start();
    // Whoever waits for it hears of it; nobody else must.
    this.serving.catch(() => undefined);
    worker.on('error', () => undefined);
  }

  static fork(restartDelay: RestartDelay): WorkerProcess {
    restartDelay.started();
    return new WorkerProcess(cluster.fork(), restartDelay);
  }

  get id(): number {
    return this.worker.id;
  }

  get pid(): number | undefined {
    return this.worker.process.pid;
  }

  onMessage(listener: (message: ToPrimary) => void): void {
    this.worker.on('message', listener);
  }

  /** A worker that has ended hears nothing, which is no error. */
  tell(message: ToWorker): void {
    if (this.worker.isConnected()) this.worker.send(message, () => undefined);
  }

  hand(socket: Socket): void {
    if (!this.worker.isConnected()) return;
    this.worker.process.send({ type: 'connection' } satisfies ToWorker, socket, { keepOpen: true }, () => undefined);
  }

  kill(): void {
    this.worker.process.kill('SIGKILL');
  }

  private start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onMessage((message) => {
        if (message.type === 'serving') resolve();
        if (message.type === 'failed') reject(new WorkerStartError(message.reason));
      });
      void this.ended.then((how) => {
        reject(new WorkerStartError(`A worker ended with ${how ?? 'no code'} before it was ready.`));
      });
    });
  }
}
