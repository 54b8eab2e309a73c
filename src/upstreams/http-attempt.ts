import type { Dispatcher } from 'undici';
import type { TimeoutsConfig } from '../config/config.js';
import type { Cancellation, CancellationListener } from '../common/cancellation.js';
import type { Clock, Timer } from '../common/clock.js';
import { PushedBody, type Sender } from './answer-body.js';
import type { Connection } from './connections.js';
import { decodeAnswer } from './content-encoding.js';
import type { UpstreamAnswer } from './upstream.js';
import { type Phase, UpstreamError } from './upstream-error.js';

/** Codes of undici and of the system for a connection that was never made. */
const NOT_SENT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** A server that closes a kept connection has done so before it read the request: that is seen soon after it was sent. */
const STALE_WITHIN_MS = 2_000;

/**
 * One request on its way: what undici calls as the answer comes, with the time limits.
 *
 * One timer watches it, for silence (first byte, then idle) and for the whole. Silence counts only while somebody waits for
 * bytes: a client that reads slowly pauses the upstream, and that is not the upstream's silence. What comes sets no timer
 * anew; the timer looks whether anything did, often enough not to be late for any of the limits.
 */
export class HttpAttempt implements Dispatcher.DispatchHandler, Sender, CancellationListener {
  private readonly settle = Promise.withResolvers<UpstreamAnswer>();
  /** Settles with the head of the answer. */
  readonly answer = this.settle.promise;
  private readonly body = new PushedBody(this);
  private readonly startedAt: number;
  private silentSince: number;
  private timer: Timer;
  private controller: Dispatcher.DispatchController | undefined;
  private phase: Phase = 'not_sent';
  private hasFirstByte = false;
  private failure: Error | undefined;

  constructor(
    private readonly timeouts: TimeoutsConfig,
    private readonly clock: Clock,
    private readonly cancellation: Cancellation,
    private readonly connection: Pick<Connection, 'release' | 'isReused'>,
  ) {
    this.startedAt = this.silentSince = clock.now();
    this.timer = this.watch();
    cancellation.add(this);
  }

  /** Ends the request at once; whoever waits for it gets `reason`. */
  abort(reason: Error): void {
    if (this.failure) return;
    this.fail(reason);
    this.controller?.abort(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.failure) controller.abort(this.failure);
    else this.phase = 'sent';
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: UpstreamAnswer['headers']): void {
    // The same once more, as bytes. A stream would keep them to its end.
    controller.rawHeaders = null;
    // 103 Early Hints and its like come before the answer (RFC 9110, section 15.2).
    if (status < 200) return;
    this.phase = 'broken';
    try {
      this.settle.resolve(decodeAnswer({ status, headers, body: this.body }));
    } catch (error) {
      this.abort(error as Error);
    }
  }

  onResponseData(_: Dispatcher.DispatchController, piece: Buffer): void {
    this.hasFirstByte = true;
    this.silentSince = this.clock.now();
    this.body.push(piece);
  }

  onResponseEnd(): void {
    this.connection.release();
    this.release();
    this.body.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    this.connection.release();
    const isTimeout = error.code === 'UND_ERR_CONNECT_TIMEOUT';
    const phase = error.code !== undefined && NOT_SENT_CODES.has(error.code) ? 'not_sent' : this.phase;
    const isStale =
      phase === 'sent' && this.connection.isReused && this.clock.now() - this.startedAt <= STALE_WITHIN_MS;
    this.fail(new UpstreamError(phase, error.message, { cause: error, isTimeout, isStale }));
  }

  onCancel(reason: Error): void {
    this.abort(reason);
  }

  pause(): void {
    this.controller?.pause();
  }

  resume(): void {
    this.controller?.resume();
  }

  onWait(): void {
    if (this.hasFirstByte) this.silentSince = this.clock.now();
  }

  onLeave(): void {
    this.abort(new UpstreamError('broken', 'the answer was not wanted any more'));
  }

  /** Until the next limit, or as long as it takes for a silence that begins with the next byte. */
  private watch(): Timer {
    const { idleMs } = this.timeouts;
    const leftMs = Math.min(this.leftMs, this.silenceLeftMs, idleMs);
    return this.clock.timer(Math.max(1, Math.ceil(leftMs)), this.checkLimits);
  }

  private readonly checkLimits = (): void => {
    const { firstByteMs, idleMs, totalMs } = this.timeouts;
    if (this.leftMs <= 0) this.abort(this.timeoutError(`not finished within ${totalMs} ms`));
    else if (this.silenceLeftMs > 0) this.timer = this.watch();
    else if (this.hasFirstByte) this.abort(this.timeoutError(`silent for ${idleMs} ms`));
    else this.abort(this.timeoutError(`no first byte within ${firstByteMs} ms`));
  };

  private get leftMs(): number {
    return this.startedAt + this.timeouts.totalMs - this.clock.now();
  }

  private get silenceLeftMs(): number {
    const { firstByteMs, idleMs } = this.timeouts;
    if (this.hasFirstByte && !this.body.isAwaited) return idleMs;
    return this.silentSince + (this.hasFirstByte ? idleMs : firstByteMs) - this.clock.now();
  }

  private timeoutError(message: string): UpstreamError {
    return new UpstreamError(this.phase, message, { isTimeout: true });
  }

  private fail(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    this.release();
    this.settle.reject(error);
    this.body.fail(error);
  }

  private release(): void {
    this.timer.cancel();
    this.cancellation.delete(this);
  }
}
