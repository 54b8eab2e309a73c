import type { Response } from 'express';
import type { Socket } from 'node:net';
import type { Cancellation } from '../common/cancellation.js';
import type { Clock, Timer } from '../common/clock.js';
import type { Exchange } from '../observability/exchange.js';
import type { StalledAnswer, StalledAnswers } from './stalled-answers.js';

/** UTF-16 units that a client has to read within `clientStallMs`. */
export const SLICE_LENGTH = 65_536;

const LAST_CHUNK = '0\r\n\r\n';

/** Writes the body of an answer at the client's pace, in as few pieces as possible. */
export class PacedWriter implements StalledAnswer {
  /**
   * A stream's chunks (RFC 9112, section 7.1) are written here, each as one text and straight to the socket: Node writes
   * them in three pieces, and gathers those until the next turn of its event loop. A client of HTTP/1.0 gets none.
   */
  private framesChunks = false;
  /** Buffered until the turn ends or the client drains. */
  private unsent = '';
  /** Bytes of `unsent`, counted only while the client is behind. */
  private unsentBytes = 0;
  /** UTF-16 units of the text that `unsent` is the end of. */
  private wholeLength = 0;
  /** Pending until the client has taken all that is unsent. */
  private draining: Promise<void> | undefined;

  constructor(
    private readonly response: Response,
    private readonly exchange: Exchange,
    /** Cancelled when the client disconnects. */
    private readonly cancellation: Cancellation,
    private readonly clock: Clock,
    private readonly clientStallMs: number,
    private readonly stalled: StalledAnswers,
  ) {}

  /** Whether nothing is unsent. A client that is behind may have half of an event. */
  get isIdle(): boolean {
    return this.unsent === '';
  }

  /** Call once the head is written: takes the framing of chunks over from Node. */
  frameChunks(): void {
    this.framesChunks = this.response.chunkedEncoding;
    this.response.chunkedEncoding = false;
  }

  /**
   * Coalesces the texts of one event-loop turn into one write: an engine's answer has a piece for each event, and several
   * come at once when there is much to do.
   *
   * @returns undefined while the client keeps up; else a promise that resolves when it takes more.
   */
  push(text: string): Promise<void> | undefined {
    if (this.unsent === '' && !this.draining) setImmediate(this.flush);
    this.unsent += text;
    if (this.draining) this.holdMore(text);
    // An upstream may bring megabytes in one turn: learn early whether the client keeps up.
    else if (this.unsent.length > SLICE_LENGTH) this.flush();
    return this.draining;
  }

  /** The same, without waiting for the turn to end. */
  pushNow(text: string): Promise<void> | undefined {
    this.unsent += text;
    this.flush();
    return this.draining;
  }

  /** Adds the last text, and ends the response when the client has taken all. */
  end(last = ''): void {
    this.unsent += last;
    if (this.unsent.length > SLICE_LENGTH) this.flush();
    // The client has disconnected: no event to send.
    if (this.draining) this.draining.then(() => this.finish()).catch(() => undefined);
    else this.finish();
  }

  cut(reason: string): void {
    this.exchange.errorReason = reason;
    this.discard();
    this.response.destroy();
  }

  /** Forgets what is unsent: the client is gone. */
  discard(): void {
    this.unsent = '';
  }

  private readonly flush = (): void => {
    if (this.cancellation.isCancelled || this.draining || this.writeUnsent()) return;
    this.unsentBytes = Buffer.byteLength(this.unsent);
    this.wholeLength = this.unsent.length;
    this.draining = this.writeAsDrained();
    // The next write reports it.
    this.draining.catch(() => undefined);
  };

  private finish(): void {
    const { output } = this;
    // In one piece.
    output.cork();
    while (!this.writeUnsent());
    if (this.framesChunks) output.write(LAST_CHUNK);
    output.uncork();
    this.response.end();
    this.watchLast();
  }

  private async writeAsDrained(): Promise<void> {
    try {
      do await this.drain();
      while (!this.writeUnsent());
    } finally {
      this.draining = undefined;
      this.stalled.left(this);
    }
  }

  private holdMore(text: string): void {
    if (this.response.destroyed) return;
    this.unsentBytes += Buffer.byteLength(text);
    this.wholeLength += text.length;
    this.stalled.resized(this, this.heldBytes);
  }

  /** What waits for the client here, and in Node's part of its socket. */
  private get heldBytes(): number {
    return this.unsentBytes + this.output.writableLength;
  }

  /** Watches the end of an answer that the system has not taken yet. Nobody waits for it. */
  watchLast(): void {
    const { response } = this;
    const waitingBytes = response.socket?.writableLength ?? 0;
    if (waitingBytes === 0 || response.destroyed) return;
    const stall = this.stallTimer();
    const leave = (): void => {
      stall.cancel();
      this.stalled.left(this);
    };
    response.once('finish', leave).once('close', leave);
    this.stalled.moved(this, waitingBytes);
  }

  /** Stalled clients pin memory and a slot: cut them. */
  private stallTimer(): Timer {
    const { clientStallMs } = this;
    return this.clock.timer(clientStallMs, () => this.stalled.cutForStall(this, clientStallMs));
  }

  /** Slice by slice, so that a client that reads, however slowly, is told from one that does not: false when it is behind. */
  private writeUnsent(): boolean {
    while (this.unsent !== '') {
      const slice = sliceOf(this.unsent);
      this.unsent = this.unsent.slice(slice.length);
      if (!this.write(slice)) return false;
    }
    return true;
  }

  private async drain(): Promise<void> {
    this.copyRest();
    if (!this.response.destroyed) this.stalled.moved(this, this.heldBytes);
    const stall = this.stallTimer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { output } = this;
    const listener = { onCancel: reject };
    this.cancellation.add(listener);
    output.once('drain', resolve);
    try {
      await promise;
    } finally {
      output.off('drain', resolve);
      this.cancellation.delete(listener);
      stall.cancel();
    }
  }

  /** A slice keeps the text that it is of in memory: once most is sent, the rest is copied. */
  private copyRest(): void {
    if (this.wholeLength < 4 * SLICE_LENGTH || this.unsent.length > this.wholeLength / 2) return;
    this.unsent = Buffer.from(this.unsent).toString();
    this.wholeLength = this.unsent.length;
  }

  /** @returns false when the client is behind. */
  write(text: string): boolean {
    const sizeBytes = Buffer.byteLength(text);
    this.exchange.bytesSent += sizeBytes;
    this.unsentBytes -= sizeBytes;
    if (!this.framesChunks) return this.response.write(text);
    return this.output.write(`${sizeBytes.toString(16)}\r\n${text}\r\n`);
  }

  /** Where framed chunks go. Until a pipelined request's turn has come, the response has no socket, and keeps them. */
  private get output(): Socket | Response {
    return (this.framesChunks ? this.response.socket : null) ?? this.response;
  }
}

/** The beginning of a text, of which no character is halved. */
function sliceOf(text: string): string {
  if (text.length <= SLICE_LENGTH) return text;
  const isHalf = (text.codePointAt(SLICE_LENGTH - 1) ?? 0) > 0xffff;
  return text.slice(0, isHalf ? SLICE_LENGTH - 1 : SLICE_LENGTH);
}
