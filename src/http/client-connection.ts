import type { Request, Response } from 'express';
import type { Socket } from 'node:net';
import type { ServerConfig } from '../config/config.js';
import type { ApiError } from '../errors/api-error.js';
import { toErrorObject } from '../errors/error-body.js';
import { Cancellation } from '../common/cancellation.js';
import type { Clock, Timer } from '../common/clock.js';
import { setAnswerHeaders } from '../observability/answer-headers.js';
import { type Exchange, exchangeOf } from '../observability/exchange.js';
import { IdleTimer } from '../common/idle-timer.js';
import type { StalledAnswer, StalledAnswers } from './stalled-answers.js';
import { formatEvent, KEEP_ALIVE_COMMENT } from '../upstreams/event-stream.js';

/** The caller hung up. Nobody reads this error; it ends what was done for the caller. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';

  constructor() {
    super('the client closed the connection');
  }
}

/** UTF-16 units: so much at least a client has to read within `clientStallMs`. */
const SLICE_LENGTH = 65_536;

const LAST_CHUNK = '0\r\n\r\n';

/** The caller's end of one completion: a JSON answer, or a stream of events, and the news that the caller is gone. */
export class ClientConnection implements StalledAnswer {
  readonly exchange: Exchange;
  /** Cancelled when the caller hangs up before the whole answer was sent. */
  readonly cancellation = new Cancellation();
  private heartbeat: IdleTimer | undefined;
  /**
   * A stream's chunks (RFC 9112, section 7.1) are written here, each as one text and straight to the socket: Node writes
   * them in three pieces, and gathers those until the next turn of its event loop. A client of HTTP/1.0 gets none.
   */
  private framesChunks = false;
  /** What is not written yet, be it that more may come in the same turn, or that the caller is behind. */
  private unsent = '';
  /** Of what is unsent. It is counted only while the client is behind. */
  private unsentBytes = 0;
  /** In UTF-16 units, the text of which the unsent one is the end. */
  private wholeLength = 0;
  /** Until the caller has taken all that is unsent. */
  private draining: Promise<void> | undefined;

  constructor(
    request: Request,
    private readonly response: Response,
    private readonly clock: Clock,
    private readonly limits: Pick<ServerConfig, 'heartbeatMs' | 'clientStallMs' | 'answerHeaders'>,
    private readonly stalled: StalledAnswers,
  ) {
    this.exchange = exchangeOf(request);
    response.on('close', () => {
      this.heartbeat?.cancel();
      if (response.writableFinished) return;
      this.unsent = '';
      this.cancellation.cancel(new ClientGoneError());
    });
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.clock.now();
  }

  /** For the answer, whatever it will be. */
  setHeaders(headers: Readonly<Record<string, string>>): void {
    for (const name in headers) this.response.setHeader(name, headers[name] ?? '');
  }

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  sendJson(json: string): void {
    const sizeBytes = Buffer.byteLength(json);
    if (this.limits.answerHeaders) setAnswerHeaders(this.response, this.exchange, this.now);
    this.response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': sizeBytes,
    });
    this.exchange.firstByteAt = this.now;
    if (json.length <= SLICE_LENGTH) {
      this.exchange.bytesSent += sizeBytes;
      // As text it leaves together with the head, in one piece.
      this.response.end(json);
      this.watchLast();
      return;
    }
    this.unsent = json;
    this.end();
  }

  /**
   * Sends events, the first of which brings the status line. Those of one turn of the event loop leave as one, when it has
   * read what there is: an engine's answer has a piece for each event, and several come at once when there is much to do.
   *
   * @returns undefined while the caller keeps up; else a promise that resolves when the caller's side takes more: whoever
   *   waits for that before reading on slows the upstream down to the caller's pace.
   * @throws {ClientGoneError}
   */
  sendEvents(events: string): Promise<void> | undefined {
    this.cancellation.throwIfCancelled();
    this.exchange.firstByteAt ??= this.now;
    if (!this.hasBegun) return this.beginWith(events);
    this.heartbeat?.heard();
    if (this.unsent === '' && !this.draining) setImmediate(this.flush);
    this.unsent += events;
    if (this.draining) this.holdMore(events);
    // An upstream may bring megabytes in one turn: whether the client takes them is to be known before.
    else if (this.unsent.length > SLICE_LENGTH) this.flush();
    return this.draining;
  }

  /** Ends the answer when the caller has got all of it. Nobody waits for that: the upstream's place is free long before. */
  end(): void {
    this.heartbeat?.cancel();
    if (this.unsent.length > SLICE_LENGTH) this.flush();
    // A client that leaves has nothing to be told.
    if (this.draining) this.draining.then(() => this.finish()).catch(() => undefined);
    else this.finish();
  }

  /** Ends a stream that has begun with an error event, and without `[DONE]`. */
  fail(error: ApiError): void {
    this.unsent += formatEvent(JSON.stringify({ error: toErrorObject(error) }));
    this.end();
  }

  cut(reason: string): void {
    this.exchange.errorReason = reason;
    this.unsent = '';
    this.response.destroy();
  }

  /** Sends the status line of a stream. Comments keep the connection alive from now on while there are no events. */
  begin(): void {
    if (this.limits.answerHeaders) setAnswerHeaders(this.response, this.exchange, this.now);
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      // nginx would otherwise gather the events (proxy_buffering).
      'X-Accel-Buffering': 'no',
    });
    this.heartbeat = new IdleTimer(this.clock, this.limits.heartbeatMs, () => {
      // A caller that is behind may have half of an event.
      if (this.unsent === '') this.write(KEEP_ALIVE_COMMENT);
    });
    this.response.flushHeaders();
    this.framesChunks = this.response.chunkedEncoding;
    this.response.chunkedEncoding = false;
  }

  /** The status line and the first events in one piece. */
  private beginWith(events: string): Promise<void> | undefined {
    const { socket } = this.response;
    socket?.cork();
    this.begin();
    this.unsent = events;
    this.flush();
    socket?.uncork();
    return this.draining;
  }

  private readonly flush = (): void => {
    if (this.cancellation.isCancelled || this.draining || this.writeUnsent()) return;
    this.unsentBytes = Buffer.byteLength(this.unsent);
    this.wholeLength = this.unsent.length;
    this.draining = this.goOn();
    // Whoever sends the next events is told of it.
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

  private async goOn(): Promise<void> {
    try {
      do await this.drain();
      while (!this.writeUnsent());
    } finally {
      this.draining = undefined;
      this.stalled.left(this);
    }
  }

  private holdMore(events: string): void {
    if (this.response.destroyed) return;
    this.unsentBytes += Buffer.byteLength(events);
    this.wholeLength += events.length;
    this.stalled.resized(this, this.heldBytes);
  }

  /** What waits for the client here, and in Node's part of its socket. */
  private get heldBytes(): number {
    return this.unsentBytes + this.output.writableLength;
  }

  /** The end of an answer that the system has not taken yet. Whoever reads gets it; nobody waits for that. */
  private watchLast(): void {
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
    const { clientStallMs } = this.limits;
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
    this.letGo();
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

  /** The end of a text keeps all of it in memory: once most is sent, the rest is copied. */
  private letGo(): void {
    if (this.wholeLength < 4 * SLICE_LENGTH || this.unsent.length > this.wholeLength / 2) return;
    this.unsent = Buffer.from(this.unsent).toString();
    this.wholeLength = this.unsent.length;
  }

  private write(text: string): boolean {
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
