/** One problem of a request body, in the shape of FastAPI / Pydantic 2. */
export interface Issue {
  /** Where: `["body", "prompt", 3]`. */
  loc: (string | number)[];
  msg: string;
  /** Pydantic's error type: `missing`, `less_than_equal`, … */
  type: string;
}

export const ERROR_TYPES = [
  'invalid_request_error',
  'authentication_error',
  'rate_limit_error',
  'server_error',
  'upstream_error',
] as const;
export type ErrorType = (typeof ERROR_TYPES)[number];

export interface ApiErrorOptions {
  /** The parameter at fault, as OpenAI's `error.param`. */
  param?: string | undefined;
  /** Headers of the answer: `WWW-Authenticate`, `Retry-After`, `Allow`. */
  headers?: Record<string, string>;
  /** The internal reason, in a few words. Logged, never sent. */
  reason?: string;
  /** Logged, never sent. */
  cause?: unknown;
}

/**
 * An error that the client may see: everything in it but `reason` and `cause` is public.
 *
 * The status decides `error.type`; `code` is the machine-readable reason (see `docs/errors.md`).
 */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  readonly param: string | null;
  readonly headers: Record<string, string>;
  readonly reason: string | undefined;

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    options: ApiErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.param = options.param ?? null;
    this.headers = options.headers ?? {};
    this.reason = options.reason;
  }

  get type(): ErrorType {
    if (this.status === 401) return 'authentication_error';
    if (this.status === 429) return 'rate_limit_error';
    if (this.status === 500) return 'server_error';
    return this.status > 500 ? 'upstream_error' : 'invalid_request_error';
  }

  /** DeepFellow's `detail`: a plain string, but for 422 an array (see `ValidationError`). */
  get detail(): string | Issue[] {
    return this.message;
  }
}
