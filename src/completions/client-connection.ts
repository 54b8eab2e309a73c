import type { Request, Response } from 'express';
import type { Socket } from 'node:net';
import type { ServerConfig } from '../config/config.js';
import type { ApiError } from '../errors/api-error.js';
import { toErrorObject } from '../errors/error-body.js';
import { Cancellation } from '../telemetry/cancellation.js';
import type { Clock } from '../telemetry/clock.js';
import { type Exchange, exchangeOf } from '../telemetry/exchange.js';
import { IdleTimer } from '../telemetry/idle-timer.js';
import { formatEvent, KEEP_ALIVE_COMMENT } from '../upstreams/event-stream.js';

/** The caller hung up. Nobody reads this error; it ends what was done for the caller. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';

  constructor() {
    super('the client closed the connection');
  }
}

/** So much at least a client has to read within `clientStallMs`. */
const SLICE_BYTES = 65_536;

const CHUNK_END = Buffer.from('\r\n');
const LAST_CHUNK = '0\r\n\r\n';

/** The caller's end of one completion: a JSON answer, or a stream of events, and the news that the caller is gone. */
export class ClientConnection {
  readonly exchange: Exchange;
  /** Cancelled when the caller hangs up before the whole answer was sent. */
  readonly cancellation = new Cancellation();
  private heartbeat: IdleTimer | undefined;
  /**
   * A stream's chunks (RFC 9112, section 7.1) are written here, each as one text and straight to the socket: Node writes
   * them in three pieces, and gathers those until the next turn of its event loop. A client of HTTP/1.0 gets none.
   */
  private framesChunks = false;
  private draining: Promise<void> | undefined;

  constructor(
    request: Request,
    private readonly response: Response,
    private readonly clock: Clock,
    private readonly limits: Pick<ServerConfig, 'heartbeatMs' | 'clientStallMs'>,
  ) {
    this.exchange = exchangeOf(request);
    response.on('close', () => {
      this.heartbeat?.cancel();
      if (!response.writableFinished) this.cancellation.cancel(new ClientGoneError());
    });
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.clock.now();
  }

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  sendJson(json: string): void {
    const sizeBytes = Buffer.byteLength(json);
    this.response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': sizeBytes,
    });
    this.exchange.firstByteAt = this.now;
    if (sizeBytes > SLICE_BYTES) {
      // The upstream is done: its place is not held while the client reads. A client that leaves has nothing to be told.
      this.writeSlices(json)
        .then(() => this.response.end())
        .catch(() => undefined);
      return;
    }
    this.exchange.bytesSent += sizeBytes;
    // As text it leaves together with the head, in one piece.
    this.response.end(json);
  }

  /**
   * Sends events, the first of which brings the status line.
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
    // No character is longer than three bytes for each of its units.
    if (events.length * 3 > SLICE_BYTES) return this.writeSlices(events);
    return this.write(events) ? undefined : this.drained();
  }

  end(): void {
    this.heartbeat?.cancel();
    if (this.framesChunks) this.output.write(LAST_CHUNK);
    this.response.end();
  }

  /** Ends a stream that has begun with an error event, and without `[DONE]`. */
  fail(error: ApiError): void {
    this.write(formatEvent(JSON.stringify({ error: toErrorObject(error) })));
    this.end();
  }

  /** Sends the status line of a stream. Comments keep the connection alive from now on while there are no events. */
  begin(): void {
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      // nginx would otherwise gather the events (proxy_buffering).
      'X-Accel-Buffering': 'no',
    });
    this.heartbeat = new IdleTimer(this.clock, this.limits.heartbeatMs, () => {
      this.write(KEEP_ALIVE_COMMENT);
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
    const sending = this.sendEvents(events);
    socket?.uncork();
    return sending;
  }

  /** Slice by slice, so that a client that reads, however slowly, is told from one that does not. */
  private async writeSlices(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
      if (!this.write(bytes.subarray(start, start + SLICE_BYTES))) await this.drained();
    }
  }

  /** Everybody who waits for the caller waits for the same. */
  private drained(): Promise<void> {
    return (this.draining ??= this.drain().finally(() => (this.draining = undefined)));
  }

  private async drain(): Promise<void> {
    // Who does not read holds memory, and a place on the upstream: not for ever.
    const stall = this.clock.timer(this.limits.clientStallMs, () => this.response.destroy());
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

  private write(piece: Buffer | string): boolean {
    const sizeBytes = Buffer.byteLength(piece);
    this.exchange.bytesSent += sizeBytes;
    if (!this.framesChunks) return this.response.write(piece);
    const size = sizeBytes.toString(16);
    if (typeof piece === 'string') return this.output.write(`${size}\r\n${piece}\r\n`);
    return this.output.write(Buffer.concat([Buffer.from(`${size}\r\n`), piece, CHUNK_END]));
  }

  /** Where framed chunks go. Until a pipelined request's turn has come, the response has no socket, and keeps them. */
  private get output(): Socket | Response {
    return (this.framesChunks ? this.response.socket : null) ?? this.response;
  }
}
