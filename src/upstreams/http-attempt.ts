import type { Dispatcher } from 'undici';
import type { TimeoutsConfig } from '../config/config.js';
import type { Clock, Timer } from '../telemetry/clock.js';
import { AnswerBody } from './answer-body.js';
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

/**
 * One request on its way: what undici calls as the answer comes, with the time limits.
 *
 * Two timers watch it, one for silence (first byte, then idle) and one for the whole. Silence counts only while somebody
 * waits for bytes: a caller that reads slowly pauses the upstream, and that is not the upstream's silence.
 */
export class HttpAttempt implements Dispatcher.DispatchHandler {
  /** Settles with the head of the answer. */
  readonly answer: Promise<UpstreamAnswer>;

  private readonly settle = Promise.withResolvers<UpstreamAnswer>();
  private readonly body: AnswerBody;
  private readonly total: Timer;
  private silence: Timer;
  private controller: Dispatcher.DispatchController | undefined;
  private phase: Phase = 'not_sent';
  private hasFirstByte = false;
  private failure: Error | undefined;

  constructor(
    private readonly timeouts: TimeoutsConfig,
    private readonly clock: Clock,
    private readonly signal: AbortSignal,
  ) {
    this.answer = this.settle.promise;
    this.body = new AnswerBody({
      pause: () => this.controller?.pause(),
      resume: () => this.controller?.resume(),
      onWait: () => {
        if (this.hasFirstByte) this.silence.refresh();
      },
      onLeave: () => {
        this.abort(new UpstreamError('broken', 'the answer was not wanted any more'));
      },
    });
    const { firstByteMs, totalMs } = timeouts;
    this.silence = clock.timer(firstByteMs, () => {
      this.abort(this.timeoutError(`no first byte within ${firstByteMs} ms`));
    });
    this.total = clock.timer(totalMs, () => {
      this.abort(this.timeoutError(`not finished within ${totalMs} ms`));
    });
    signal.addEventListener('abort', this.onSignal, { once: true });
  }

  /** Ends the request at once, wherever it is; whoever waits for it gets `reason`. */
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

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: UpstreamAnswer['headers']): void {
    // 103 Early Hints and its like come before the answer (RFC 9110, section 15.2).
    if (status < 200) return;
    this.phase = 'broken';
    this.settle.resolve({ status, headers, body: this.body });
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.hasFirstByte) {
      this.hasFirstByte = true;
      this.silence.cancel();
      const { idleMs } = this.timeouts;
      this.silence = this.clock.timer(idleMs, () => {
        if (this.body.isAwaited) this.abort(this.timeoutError(`silent for ${idleMs} ms`));
      });
    }
    this.body.push(chunk);
  }

  onResponseEnd(): void {
    this.release();
    this.body.end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    const isTimeout = error.code === 'UND_ERR_CONNECT_TIMEOUT';
    const phase = error.code !== undefined && NOT_SENT_CODES.has(error.code) ? 'not_sent' : this.phase;
    this.fail(new UpstreamError(phase, error.message, { cause: error, isTimeout }));
  }

  private readonly onSignal = (): void => {
    this.abort(this.signal.reason as Error);
  };

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
    this.silence.cancel();
    this.total.cancel();
    this.signal.removeEventListener('abort', this.onSignal);
  }
}
