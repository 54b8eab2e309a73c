import type { Request } from 'express';
import type { Trace } from './tracing/trace.js';
import type { Usage } from './usage.js';

/**
 * What is known of one request and its answer: filled in along the way, and read by the observers when it is over. It never
 * holds a prompt, a completion or a secret.
 */
export class Exchange {
  keyId: string | undefined;
  organization: string | undefined;
  project: string | undefined;
  /** The requested model. */
  model: string | undefined;
  /** The requested model if it is known, since labels of metrics are kept for ever; `other` for names that clients make up. */
  modelLabel = 'other';
  /** The name of the upstream that answered. */
  upstream: string | undefined;
  stream = false;
  usage: Usage | undefined;
  /** Without usage from the upstream: the gateway's estimate, of the prompt and of what was delivered. */
  estimatedUsage: Pick<Usage, 'prompt_tokens' | 'completion_tokens'> | undefined;
  /** The request's `user`. */
  user: string | undefined;
  /** When the first byte of a good answer was sent, milliseconds since the epoch. */
  firstByteAt: number | undefined;
  bytesSent = 0;
  /** The prefix of the `x-request-id` of its upstream requests. */
  upstreamIdPrefix: string | undefined;
  /** Its upstream requests, including retries, fallbacks and resumes. */
  attemptCount = 0;
  /** When the last attempt was sent, milliseconds since the epoch. */
  attemptStartedAt = 0;
  /** How long it waited for its first slot, in milliseconds. */
  queueMs = 0;
  /** How often a broken stream was resumed. */
  resumeCount = 0;
  /** The features that the gateway emulated in the last attempt. */
  emulated: readonly string[] = [];
  /** `traceparent` and `tracestate` of its upstream requests: the client's, or those of the recorded span. */
  traceparent: string | undefined;
  tracestate: string | undefined;
  /** Undefined unless tracing is configured. */
  trace: Trace | undefined;
  /** The limit that refused it: `key.requests`, `project.tokens:llama*`. */
  refusedBy: string | undefined;
  /** The `error.code` of the answer, also of a stream that failed after its 200. */
  errorCode: string | undefined;
  /** The internal reason. It may name an upstream: for the log only. */
  errorReason: string | undefined;
  /** The status sent; 499 when the client disconnected before the end. 0 until the exchange is over. */
  status = 0;
  /** Milliseconds since the epoch; 0 until the exchange is over. */
  endedAt = 0;

  constructor(
    readonly id: string,
    /** Milliseconds since the epoch. */
    readonly startedAt: number,
    readonly method: string,
    /** Without the query. */
    readonly path: string,
  ) {}
}

/** On the request itself: a WeakMap of such short-lived objects costs the garbage collector more than they do. */
const EXCHANGE = Symbol('exchange');

type Exchanging = Request & { [EXCHANGE]?: Exchange };

export function startExchange(request: Request, exchange: Exchange): void {
  (request as Exchanging)[EXCHANGE] = exchange;
}

/** @throws {Error} when the exchange middleware did not run: a mistake in the setup of the application. */
export function exchangeOf(request: Request): Exchange {
  const exchange = (request as Exchanging)[EXCHANGE];
  if (!exchange) throw new Error('the exchange middleware has not seen this request');
  return exchange;
}
