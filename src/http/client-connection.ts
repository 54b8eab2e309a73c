import type { Request, Response } from 'express';
import { Cancellation } from '../common/cancellation.js';
import type { Clock } from '../common/clock.js';
import { IdleTimer } from '../common/idle-timer.js';
import type { ServerConfig } from '../config/config.js';
import type { ApiError } from '../errors/api-error.js';
import { toErrorObject } from '../errors/error-body.js';
import { setAnswerHeaders } from '../observability/answer-headers.js';
import { type Exchange, exchangeOf } from '../observability/exchange.js';
import { formatEvent, KEEP_ALIVE_COMMENT } from '../upstreams/event-stream.js';
import type { AnswerSink } from './answer-sink.js';
import { PacedWriter, SLICE_LENGTH } from './paced-writer.js';
import type { StalledAnswers } from './stalled-answers.js';

/** Unwinds a request whose client disconnected. */
export class ClientGoneError extends Error {
  override readonly name = 'ClientGoneError';

  constructor() {
    super('the client closed the connection');
  }
}

/** The client's end of one completion: a JSON answer, or a stream of events, and the news that the client is gone. */
export class ClientConnection implements AnswerSink {
  readonly exchange: Exchange;
  /** Cancelled when the client disconnects before the whole answer was sent. */
  readonly cancellation = new Cancellation();
  private readonly writer: PacedWriter;
  private heartbeat: IdleTimer | undefined;

  constructor(
    request: Request,
    private readonly response: Response,
    private readonly clock: Clock,
    private readonly limits: Pick<ServerConfig, 'heartbeatMs' | 'clientStallMs' | 'answerHeaders'>,
    stalled: StalledAnswers,
  ) {
    this.exchange = exchangeOf(request);
    this.writer = new PacedWriter(response, this.exchange, this.cancellation, clock, limits.clientStallMs, stalled);
    response.on('close', () => {
      this.heartbeat?.cancel();
      if (response.writableFinished) return;
      this.writer.discard();
      this.cancellation.cancel(new ClientGoneError());
    });
  }

  /** For the answer, success or error. */
  setHeaders(headers: Readonly<Record<string, string>>): void {
    for (const name in headers) this.response.setHeader(name, headers[name] ?? '');
  }

  get hasBegun(): boolean {
    return this.response.headersSent;
  }

  sendJson(json: string): void {
    const sizeBytes = Buffer.byteLength(json);
    this.setAnswerHeaders();
    this.response.writeHead(200, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': sizeBytes,
    });
    this.exchange.firstByteAt = this.clock.now();
    if (json.length > SLICE_LENGTH) {
      this.writer.end(json);
      return;
    }
    this.exchange.bytesSent += sizeBytes;
    // As text it leaves together with the head, in one piece.
    this.response.end(json);
    this.writer.watchLast();
  }

  /** The first events bring the status line. */
  sendEvents(events: string): Promise<void> | undefined {
    this.cancellation.throwIfCancelled();
    this.exchange.firstByteAt ??= this.clock.now();
    if (!this.hasBegun) return this.beginWith(events);
    this.heartbeat?.heard();
    return this.writer.push(events);
  }

  /** Nobody waits until the client has taken all: the upstream's slot is free long before. */
  end(): void {
    this.heartbeat?.cancel();
    this.writer.end();
  }

  fail(error: ApiError): void {
    this.heartbeat?.cancel();
    this.writer.end(formatEvent(JSON.stringify({ error: toErrorObject(error) })));
  }

  /** Sends the status line of a stream. Comments keep the connection alive from now on while there are no events. */
  begin(): void {
    this.setAnswerHeaders();
    this.response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      // nginx would otherwise gather the events (proxy_buffering).
      'X-Accel-Buffering': 'no',
    });
    this.heartbeat = new IdleTimer(this.clock, this.limits.heartbeatMs, () => {
      if (this.writer.isIdle) this.writer.write(KEEP_ALIVE_COMMENT);
    });
    this.response.flushHeaders();
    this.writer.frameChunks();
  }

  /** The status line and the first events in one piece. */
  private beginWith(events: string): Promise<void> | undefined {
    const { socket } = this.response;
    socket?.cork();
    this.begin();
    const draining = this.writer.pushNow(events);
    socket?.uncork();
    return draining;
  }

  private setAnswerHeaders(): void {
    if (this.limits.answerHeaders) setAnswerHeaders(this.response, this.exchange, this.clock.now());
  }
}
