import { GrowingBytes } from '../common/growing-bytes.js';

/** Takes one piece of a body. While what it returns is pending, it is given no other one. */
export type TakePiece = (piece: Buffer) => void | Promise<void>;

/** The body of an answer on its way. */
export interface AnswerBody {
  /**
   * Hands the pieces to `take` as they come, each within the call that brings it, as long as `take` keeps up: a promise
   * for each would cost more than the piece. It is called once for each body.
   *
   * @throws {UpstreamError} when the connection breaks or a time limit passes; what came before has been taken.
   * @throws what `take` throws. The request is aborted then.
   */
  readEach(take: TakePiece): Promise<void>;
  /** Stops reading: aborts the request, and `readEach` resolves. After the end it does nothing. */
  leave(): void;
}

/** Unread bytes at which the sender is paused. */
const HIGH_WATER_BYTES = 65_536;

/** The source of a body. */
export interface Sender {
  /** The reader is behind: send no more. */
  pause(): void;
  resume(): void;
  /** The reader waits for bytes: from now on silence is the sender's. */
  onWait(): void;
  /** The reader left before the end. */
  onLeave(): void;
}

/** A body between a socket that pushes and a reader, with backpressure. */
export class PushedBody implements AnswerBody {
  /** What came while the reader was busy; handed over as one piece. */
  private readonly unread = new GrowingBytes();
  private isPaused = false;
  private hasEnded = false;
  private failure: unknown;
  private take: TakePiece | undefined;
  /** `take` has not finished with its last piece. */
  private isBusy = false;
  private reading: PromiseWithResolvers<void> | undefined;

  constructor(private readonly sender: Sender) {}

  /** Whether the reader waits for bytes. */
  get isAwaited(): boolean {
    return this.reading !== undefined && !this.isBusy;
  }

  push(piece: Buffer): void {
    if (this.isAwaited) {
      this.hand(piece);
      return;
    }
    if (this.hasEnded) return;
    this.unread.append(piece);
    if (this.unread.length < HIGH_WATER_BYTES || this.isPaused) return;
    this.isPaused = true;
    this.sender.pause();
  }

  end(): void {
    this.hasEnded = true;
    if (this.isAwaited) this.settle();
  }

  /** The reader still gets what was received before, and then `error`. */
  fail(error: unknown): void {
    this.failure ??= error;
    this.hasEnded = true;
    if (this.isAwaited) this.settle();
  }

  readEach(take: TakePiece): Promise<void> {
    const reading = Promise.withResolvers<void>();
    this.take = take;
    this.reading = reading;
    this.deliver();
    return reading.promise;
  }

  leave(): void {
    const { reading } = this;
    this.reading = undefined;
    this.take = undefined;
    this.unread.take();
    if (!this.hasEnded) this.sender.onLeave();
    this.hasEnded = true;
    reading?.resolve();
  }

  private hand(piece: Buffer): void {
    try {
      const taking = this.take?.(piece);
      if (taking === undefined) return;
      this.isBusy = true;
      taking.then(this.onTaken, this.onRefused);
    } catch (error) {
      this.onRefused(error);
    }
  }

  private readonly onTaken = (): void => {
    this.isBusy = false;
    this.deliver();
  };

  private readonly onRefused = (error: unknown): void => {
    this.isBusy = false;
    const { reading } = this;
    this.reading = undefined;
    this.leave();
    reading?.reject(error);
  };

  /** Hands over what is there. */
  private deliver(): void {
    while (this.unread.length > 0 && this.isAwaited) this.hand(this.unread.take());
    if (this.isPaused && this.unread.length < HIGH_WATER_BYTES) {
      this.isPaused = false;
      this.sender.resume();
    }
    if (!this.isAwaited) return;
    if (this.hasEnded) this.settle();
    else this.sender.onWait();
  }

  private settle(): void {
    const { reading, failure } = this;
    this.reading = undefined;
    this.take = undefined;
    if (failure === undefined) reading?.resolve();
    else reading?.reject(failure);
  }
}
