import type { Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../common/clock.js';
import { Exchange, startExchange } from './exchange.js';
import type { Tracer } from './tracing/tracer.js';
import type { ExchangeObserver } from './exchange-observers.js';

/** Request ids that clients may choose; others are replaced. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/** nginx's status for a client that disconnected before the answer was complete. No standard has one. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Gives each request its id and its exchange, and tells the observer when the answer is over, however it ended.
 *
 * A middleware, since an interceptor misses what the guard rejects, and ends before a stream does.
 */
export function exchangeMiddleware(
  clock: Clock,
  observer: ExchangeObserver,
  tracer: Tracer | undefined,
): (request: Request, response: Response) => void {
  return (request, response) => {
    const offered = request.headers['x-request-id'];
    const id = typeof offered === 'string' && REQUEST_ID.test(offered) ? offered : randomUUID();
    const [path = ''] = request.originalUrl.split('?', 1);
    const exchange = new Exchange(id, clock.now(), request.method, path);
    if (tracer) tracer.begin(exchange, request.headers);
    else passTraceOn(exchange, request.headers);
    startExchange(request, exchange);
    response.setHeader('x-request-id', id);
    response.on('close', () => {
      exchange.status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST;
      exchange.endedAt = clock.now();
      exchange.bytesSent ||= Number(response.getHeader('content-length') ?? 0);
      observer.ended(exchange);
    });
  };
}

/** Untouched: the engine's spans are then the client's children. */
function passTraceOn(exchange: Exchange, { traceparent, tracestate }: IncomingHttpHeaders): void {
  if (typeof traceparent !== 'string') return;
  exchange.traceparent = traceparent;
  if (typeof tracestate === 'string') exchange.tracestate = tracestate;
}
