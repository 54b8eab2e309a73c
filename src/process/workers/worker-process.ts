import cluster, { type Worker } from 'node:cluster';
import type { Socket } from 'node:net';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import type { RestartDelay } from '../../common/restart-delay.js';
import type { ToPrimary, ToWorker } from './messages.js';

/** A worker that could not start, in words for whoever starts the gateway. */
export class WorkerStartError extends Error {
  override readonly name = 'WorkerStartError';

  constructor(
    reason: string,
    /** By an operator, not by a fault of its own. */
    readonly wasKilled = false,
  ) {
    super(reason);
  }
}

/** One worker, as the primary process sees it. */
export class WorkerProcess {
  /** Resolves when it serves. @throws {WorkerStartError} when it ends before. */
  readonly serving: Promise<void>;
  /** Resolves with how it ended, once all that it had to say has been heard. */
  readonly ended: Promise<string | number | null>;
  /** `leaving`: it is being replaced. */
  state: 'starting' | 'serving' | 'leaving' = 'starting';

  private constructor(
    private readonly worker: Worker,
    /** Goes over to its successor. */
    readonly restartDelay: RestartDelay,
  ) {
    this.ended = endOf(worker);
    this.serving = this.start();
    // Whoever awaits it gets the error; otherwise it is not unhandled.
    this.serving.catch(() => undefined);
    worker.on('error', () => undefined);
  }

  static fork(restartDelay: RestartDelay): WorkerProcess {
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

  /** A worker that has ended gets nothing, which is no error. */
  send(message: ToWorker): void {
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
        const reason = `A worker ended with ${how ?? 'no code'} before it was ready.`;
        reject(new WorkerStartError(reason, how === 'SIGKILL' || how === 'SIGHUP' || how === 'SIGTERM'));
      });
    });
  }
}

/** A channel holds some 200 KB, of which each turn of the event loop reads up to 64. */
const MOST_TURNS = 1_000;

/** Watches the process: Node reports no end of a channel on which handles wait to be sent. */
async function endOf({ id, process: child }: Worker): Promise<string | number | null> {
  const how = await new Promise<string | number | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
    // The process could not be started: there will be no exit event.
    if (child.pid === undefined) child.once('error', ({ message }) => resolve(message));
  });
  // Its last messages, which confirm connections, may not have been read yet.
  for (let turn = 0; child.connected && turn < MOST_TURNS; turn++) await turnOfTheEventLoop();
  await turnOfTheEventLoop();
  // Node forgets a worker when its channel has ended, too.
  delete cluster.workers?.[id];
  return how;
}
