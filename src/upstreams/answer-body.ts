/** Unread bytes at which the sender is paused. */
const HIGH_WATER_BYTES = 65_536;

interface Sender {
  /** The reader is behind: send no more. */
  pause(): void;
  resume(): void;
  /** The reader has nothing left and waits: from now on silence is the sender's. */
  onWait(): void;
  /** The reader left before the end. */
  onLeave(): void;
}

/** A body between the socket that pushes and the loop that pulls, with backpressure. */
export class AnswerBody implements AsyncIterableIterator<Buffer, undefined> {
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  private isPaused = false;
  private isEnded = false;
  private failure: Error | undefined;
  private reader: { resolve(result: IteratorResult<Buffer, undefined>): void; reject(error: Error): void } | undefined;

  constructor(private readonly sender: Sender) {}

  /** Whether the reader waits for bytes. */
  get isAwaited(): boolean {
    return this.reader !== undefined;
  }

  push(chunk: Buffer): void {
    if (this.reader) {
      this.takeReader()?.resolve({ done: false, value: chunk });
      return;
    }
    this.queue.push(chunk);
    this.queuedBytes += chunk.length;
    if (this.queuedBytes < HIGH_WATER_BYTES || this.isPaused) return;
    this.isPaused = true;
    this.sender.pause();
  }

  end(): void {
    this.isEnded = true;
    this.takeReader()?.resolve({ done: true, value: undefined });
  }

  /** What was received before is still read; then the reader gets `error`. */
  fail(error: Error): void {
    this.failure ??= error;
    this.takeReader()?.reject(error);
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    const chunk = this.queue.shift();
    if (chunk) {
      this.queuedBytes -= chunk.length;
      if (this.isPaused && this.queuedBytes < HIGH_WATER_BYTES) {
        this.isPaused = false;
        this.sender.resume();
      }
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.failure) return Promise.reject(this.failure);
    if (this.isEnded) return Promise.resolve({ done: true, value: undefined });
    this.sender.onWait();
    return new Promise((resolve, reject) => (this.reader = { resolve, reject }));
  }

  return(): Promise<IteratorResult<Buffer, undefined>> {
    this.queue.length = 0;
    if (!this.isEnded && !this.failure) this.sender.onLeave();
    this.isEnded = true;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private takeReader(): AnswerBody['reader'] {
    const reader = this.reader;
    this.reader = undefined;
    return reader;
  }
}
