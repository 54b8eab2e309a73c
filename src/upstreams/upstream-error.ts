import { ApiError, type ApiErrorOptions } from '../errors/api-error.js';
import type { Redaction } from './redaction.js';

/**
 * How far an attempt got:
 *
 * - `not_sent`: no connection, so the upstream knows nothing of the request;
 * - `sent`: the request left, and no byte of an answer came;
 * - `broken`: an answer began, and the connection did not bring its end;
 * - `answered`: the answer is complete, and an error or unusable.
 */
export type Phase = 'not_sent' | 'sent' | 'broken' | 'answered';

/** What the client reads of it. */
export interface PublicError extends Pick<ApiErrorOptions, 'param' | 'headers'> {
  status: number;
  code: string;
  message: string;
}

export interface UpstreamErrorOptions {
  isTimeout?: boolean;
  /** The request asks for more than is read here: no upstream can help, and none is at fault. */
  isTooLarge?: boolean;
  /** An operator has ended the request: to ask again would undo that, and the upstream is not at fault. */
  isAborted?: boolean;
  /** The upstream has ended the answer on purpose, and is well. */
  isDeliberate?: boolean;
  /** The upstream's own status, when it answered with one. */
  status?: number;
  /** A connection that was kept was closed soon after the request was sent, before a byte of the answer came. */
  isStale?: boolean;
  /** It was sent again on a new connection, which broke as well. */
  isSecondBreak?: boolean;
  /** What the upstream's `Retry-After` asks for, in milliseconds. */
  retryAfterMs?: number | undefined;
  cause?: unknown;
  /** What the client reads when the upstream explained the error; otherwise the phase decides. */
  publicError?: PublicError;
}

/** Why an upstream gave no good answer, and, decided here and nowhere else, what that allows. */
export class UpstreamError extends ApiError {
  override readonly name = 'UpstreamError';
  readonly isTimeout: boolean;
  readonly isStale: boolean;
  readonly isSecondBreak: boolean;
  readonly retryAfterMs: number | undefined;
  /** Whether another upstream can help: not when the request itself is what was refused. */
  readonly allowsFallback: boolean;
  /**
   * Whether the same upstream can help later: not when it lacks the model, or refuses our credential, and not for this
   * request when it is rate-limited and does not say for how long.
   */
  readonly allowsRetry: boolean;
  /** Whether it counts against the upstream's health. A rate limit, a missing model or a bad request does not. */
  readonly isFailure: boolean;
  /**
   * Whether another attempt is taken from the budget: an upstream that is alive would get the load again. A dead
   * connection bears none; and a missing model or a refused credential costs the upstream nothing, and is asked for once.
   */
  readonly isCharged: boolean;

  constructor(
    readonly phase: Phase,
    /** What happened, for our log: it may name the upstream. */
    reason: string,
    private readonly options: UpstreamErrorOptions = {},
  ) {
    const {
      isTimeout = false,
      isStale = false,
      isSecondBreak = false,
      isTooLarge = false,
      isAborted = false,
      isDeliberate = false,
      status,
    } = options;
    const isOver = isTooLarge || isAborted;
    const { status: publicStatus, code, message, ...rest } = options.publicError ?? publicErrorOf(phase, isTimeout);
    super(publicStatus, code, message, { ...rest, reason, cause: options.cause });
    this.isTimeout = isTimeout;
    this.isStale = isStale;
    this.isSecondBreak = isSecondBreak;
    this.retryAfterMs = options.retryAfterMs;
    this.allowsFallback = !isOver && (status === undefined || !REQUEST_IS_WRONG.has(status));
    const isRateLimit = status === 429;
    const isFinal = status !== undefined && UPSTREAM_LACKS_IT.has(status);
    this.allowsRetry = this.allowsFallback && !isFinal && !(isRateLimit && options.retryAfterMs === undefined);
    this.isFailure = !isOver && !isDeliberate && (status === undefined || isFailureStatus(status));
    this.isCharged = isTimeout || (phase === 'answered' && (this.allowsRetry || isRateLimit));
  }

  /** The same error, with the upstream's text redacted for clients. */
  redacted(redaction: Redaction): UpstreamError {
    const { publicError } = this.options;
    if (!publicError) return this;
    const clean = (text: string): string => redaction.clean(text);
    const { message, code, param, headers = {} } = publicError;
    const cleanHeaders = Object.entries(headers).map(([name, value]) => [name, clean(value)] as const);
    return new UpstreamError(this.phase, this.reason ?? '', {
      ...this.options,
      publicError: {
        ...publicError,
        message: clean(message),
        code: clean(code),
        ...(param === undefined ? {} : { param: clean(param) }),
        headers: Object.fromEntries(cleanHeaders),
      },
    });
  }
}

/** Statuses that say that the request is at fault: it would be refused again. */
const REQUEST_IS_WRONG = new Set([400, 413, 422]);

/** RFC 9110, section 15.6.2. The upstream works but lacks a feature: another one may have it. */
export const NOT_IMPLEMENTED = 501;

/** Statuses of an upstream that will say the same again: it refuses our credential, or lacks the model or the feature. */
const UPSTREAM_LACKS_IT = new Set([401, 403, 404, NOT_IMPLEMENTED]);

/** A 4xx proves that the upstream works, except these: it refuses our credential, or timed out waiting. */
const FAILURES_BELOW_500 = new Set([401, 403, 408]);

function isFailureStatus(status: number): boolean {
  return status < 400 || FAILURES_BELOW_500.has(status) || (status >= 500 && status !== NOT_IMPLEMENTED);
}

function publicErrorOf(phase: Phase, isTimeout: boolean): PublicError {
  if (isTimeout) return { status: 504, code: 'upstream_timeout', message: 'The upstream did not answer in time.' };
  switch (phase) {
    case 'not_sent':
      return {
        status: 503,
        code: 'no_upstream_available',
        message: 'No upstream of this model can be reached. Try again later.',
        headers: { 'Retry-After': '1' },
      };
    case 'sent':
      return { status: 502, code: 'upstream_error', message: 'The upstream closed the connection without an answer.' };
    case 'answered':
    case 'broken':
      return { status: 502, code: 'upstream_error', message: 'The upstream gave an answer that cannot be used.' };
  }
}
