import type { Request } from 'express';
import type { Trace } from './tracing/trace.js';
import type { Usage } from './usage.js';

/**
 * What is known of one request and its answer, filled in by each floor as it learns it and read by the observers when it
 * is over. It never holds a prompt, a completion or a secret.
 */
export class Exchange {
  keyId: string | undefined;
  organization: string | undefined;
  project: string | undefined;
  /** The requested model. */
  model: string | undefined;
  /** The requested model where it is a known one: clients can make up others, and labels of metrics are kept for ever. */
  modelLabel = 'other';
  /** The name of the upstream that answered. */
  upstream: string | undefined;
  stream = false;
  usage: Usage | undefined;
  /** Where the upstream did not get to say: what the gateway knows of the prompt and of what was delivered. */
  estimatedUsage: Pick<Usage, 'prompt_tokens' | 'completion_tokens'> | undefined;
  /** The request's `user`: whom the client acts for. */
  user: string | undefined;
  /** When the first byte of a good answer was sent, milliseconds since the epoch. */
  firstByteAt: number | undefined;
  bytesSent = 0;
  /** The `x-request-id` of each request that was sent upstream for it begins with it. */
  upstreamIdPrefix: string | undefined;
  /** Requests that were sent upstream for it: retries, fallbacks and resumptions included. */
  attemptCount = 0;
  /** When the last of them was sent, milliseconds since the epoch. */
  attemptStartedAt = 0;
  /** Milliseconds that it waited for its first slot. */
  queueMs = 0;
  /** How often a broken stream was resumed. */
  resumeCount = 0;
  /** The features that the gateway emulated in the last attempt. */
  emulated: readonly string[] = [];
  /** What requests upstream carry as `traceparent` and `tracestate`: the client's own, or of the span that is traced. */
  traceparent: string | undefined;
  tracestate: string | undefined;
  /** Where tracing is configured. */
  trace: Trace | undefined;
  /** The limit that refused it: `key.requests`, `project.tokens:llama*`. */
  refusedBy: string | undefined;
  /** The `error.code` of the answer, also of a stream that failed after its 200. */
  errorCode: string | undefined;
  /** What happened inside. It may name an upstream, and so is for the log only. */
  errorReason: string | undefined;
  /** What was sent; 499 when the client hung up before the end. 0 until the exchange is over. */
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

/** On the request itself: a WeakMap of objects that live this shortly costs the garbage collector more than all of them. */
const EXCHANGE = Symbol('exchange');

type Exchanging = Request & { [EXCHANGE]?: Exchange };

export function startExchange(request: Request, exchange: Exchange): void {
  (request as Exchanging)[EXCHANGE] = exchange;
}

/** @throws {Error} when the telemetry middleware did not run: a mistake in how the application is put together. */
export function exchangeOf(request: Request): Exchange {
  const exchange = (request as Exchanging)[EXCHANGE];
  if (!exchange) throw new Error('the telemetry middleware has not seen this request');
  return exchange;
}
