import { ApiError, type ApiErrorOptions } from '../errors/api-error.js';

/**
 * How far an attempt got, which decides what may be done next:
 *
 * - `not_sent`: no connection, so the upstream knows nothing of the request;
 * - `sent`: the request left, and no byte of an answer came;
 * - `answered`: a complete answer came, and it is an error;
 * - `broken`: an answer began, and did not end as it should.
 */
export type Phase = 'not_sent' | 'sent' | 'answered' | 'broken';

/** What the caller reads of it. */
export interface PublicError extends Pick<ApiErrorOptions, 'param' | 'headers'> {
  status: number;
  code: string;
  message: string;
}

export interface UpstreamErrorOptions {
  isTimeout?: boolean;
  cause?: unknown;
  /** What the caller reads when the upstream itself said what is wrong; otherwise the phase decides. */
  publicError?: PublicError;
}

/** Why an upstream gave no good answer. */
export class UpstreamError extends ApiError {
  override readonly name = 'UpstreamError';

  constructor(
    readonly phase: Phase,
    /** What happened, for our log: it may name the upstream. */
    reason: string,
    options: UpstreamErrorOptions = {},
  ) {
    const { status, code, message, ...rest } = options.publicError ?? publicErrorOf(phase, options.isTimeout ?? false);
    super(status, code, message, { ...rest, reason, cause: options.cause });
  }
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
