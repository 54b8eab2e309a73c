import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STDOUT = 1;

/** Lines that wait for standard output; further ones are lost. */
const MAX_WAITING_BYTES = 1_048_576;

/** How long lines are buffered. */
const GATHER_MS = 100;

/** Before the next try after a full pipe, and after any other failure: a full disk, a closed pipe. */
const BUSY_MS = 50;
const FAILED_MS = 1_000;

/** How long the exit waits for unwritten lines. */
const EXIT_MS = 1_000;
const EXIT_POLL_MS = 5;

/** How lines are gathered into writes. */
export interface Gathering {
  /** From this size on, lines are written at once. */
  readyBytes: number;
  /** The most of one write, except a single longer line. */
  maxBytes: number;
}

/**
 * Standard output for the log, which never blocks the process: lines are gathered, and written in the background. While
 * they cannot be written, up to 1 MiB of them waits; further ones are lost and counted. Every failure is retried: a disk
 * may get space, and a named pipe a reader.
 */
export class LogOutput {
  /** Lines that were lost since the start. */
  lostCount = 0;
  /** Called when lines are written again, with how many were lost meanwhile. */
  onRecovery: (lostCount: number) => void = () => undefined;

  private gathered = '';
  private gatheredBytes = 0;
  private readonly batches: Buffer[] = [];
  /** Of the gathered lines and the batches. */
  private waitingBytes = 0;
  /** Of the first batch. */
  private writtenBytes = 0;
  private isWriting = false;
  /** The last write failed, and the next one has to wait. */
  private isBlocked = false;
  private timer: NodeJS.Timeout | undefined;
  private reportedCount = 0;
  private descriptor: number | undefined;

  constructor(
    private readonly gathering: Gathering,
    /** The file descriptor; standard output without it. */
    private readonly target?: number,
  ) {}

  /** Writes a whole line, with its line end. */
  write(line: string): void {
    // The first line may be the last: from now on, the exit writes what waits.
    if (this.descriptor === undefined) this.open();
    const sizeBytes = Buffer.byteLength(line);
    if (this.waitingBytes + sizeBytes > MAX_WAITING_BYTES) {
      this.lostCount++;
      return;
    }
    const { readyBytes, maxBytes } = this.gathering;
    if (this.gatheredBytes + sizeBytes > maxBytes) this.closeBatch();
    this.gathered += line;
    this.gatheredBytes += sizeBytes;
    this.waitingBytes += sizeBytes;
    if (this.waitingBytes >= readyBytes) this.send();
    else this.sendAfter(GATHER_MS);
  }

  private closeBatch(): void {
    if (this.gathered === '') return;
    this.batches.push(Buffer.from(this.gathered));
    this.gathered = '';
    this.gatheredBytes = 0;
  }

  private sendAfter(delayMs: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.isBlocked = false;
      this.send();
    }, delayMs).unref();
  }

  private send(): void {
    if (this.isWriting || this.isBlocked) return;
    if (this.batches.length === 0) this.closeBatch();
    const [batch] = this.batches;
    if (!batch) return;
    this.isWriting = true;
    write(this.open(), batch, this.writtenBytes, batch.length - this.writtenBytes, null, this.onWritten);
  }

  private readonly onWritten = (error: NodeJS.ErrnoException | null, sizeBytes: number): void => {
    this.isWriting = false;
    if (error) {
      this.isBlocked = true;
      clearTimeout(this.timer);
      this.timer = undefined;
      this.sendAfter(error.code === 'EAGAIN' ? BUSY_MS : FAILED_MS);
      return;
    }
    this.advance(sizeBytes);
    this.report();
    if (this.batches.length > 0 || this.waitingBytes >= this.gathering.readyBytes) this.send();
    else if (this.waitingBytes > 0) this.sendAfter(GATHER_MS);
  };

  private advance(sizeBytes: number): void {
    this.writtenBytes += sizeBytes;
    this.waitingBytes -= sizeBytes;
    if (this.writtenBytes < (this.batches[0]?.length ?? 0)) return;
    this.batches.shift();
    this.writtenBytes = 0;
  }

  /** Once half of the room is free, so that a slow reader does not get a report for each batch. */
  private report(): void {
    if (this.lostCount === this.reportedCount || this.waitingBytes > MAX_WAITING_BYTES / 2) return;
    const lostCount = this.lostCount - this.reportedCount;
    this.reportedCount = this.lostCount;
    this.onRecovery(lostCount);
  }

  private open(): number {
    if (this.descriptor !== undefined) return this.descriptor;
    process.on('exit', this.finish);
    this.descriptor = this.target ?? unblockedStdout();
    return this.descriptor;
  }

  /** Writes what waits when the process exits, synchronously. */
  private readonly finish = (): void => {
    this.closeBatch();
    // A thread writes the current batch, and Node waits for it.
    if (this.isWriting) this.advance((this.batches[0]?.length ?? 0) - this.writtenBytes);
    const endAt = performance.now() + EXIT_MS;
    while (this.batches[0] && performance.now() < endAt) {
      try {
        this.advance(writeSync(this.open(), this.batches[0], this.writtenBytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_POLL_MS);
      }
    }
  };
}

/**
 * Standard output whose writes never block: a blocked write holds one of Node's threads, and Node waits for its threads before
 * it exits. O_NONBLOCK belongs to the open file description, which is shared by all processes that inherited it, and each of
 * them sets it at its start and exit. So the log opens a description of its own.
 */
function unblockedStdout(): number {
  const stats = fstatSync(STDOUT);
  if (!stats.isFIFO() && !stats.isSocket() && !isatty(STDOUT)) return STDOUT;
  try {
    return openSync(`/proc/self/fd/${STDOUT}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // A socket, another user's pipe, a system without /proc. Node sets O_NONBLOCK on pipes and sockets that it opens as a stream.
    return isatty(STDOUT) ? STDOUT : process.stdout.fd;
  }
}
