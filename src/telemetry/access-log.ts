import type { RequestHandler, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.js';
import { Exchange, startExchange } from './exchange.js';
import type { Logger } from './logger.js';

/** What a caller may choose as a request id; anything else is replaced. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

/** nginx's status for a client that hung up before the answer was complete. No standard has one. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Gives each request its id and writes one line when its connection is done with it, however it ended.
 *
 * Middleware and not an interceptor: an interceptor misses what the guard rejects, and ends before a stream does.
 */
export function accessLog(logger: Logger, clock: Clock): RequestHandler {
  return (request, response, next) => {
    const offered = request.headers['x-request-id'];
    const id = typeof offered === 'string' && REQUEST_ID.test(offered) ? offered : randomUUID();
    const exchange = new Exchange(id, clock.now());
    startExchange(request, exchange);
    response.setHeader('x-request-id', id);
    const { method } = request;
    const [path = ''] = request.originalUrl.split('?', 1);
    response.once('close', () => {
      if (logger.isLevelEnabled('info'))
        logger.info(describe(exchange, method, path, response, clock.now()), 'request');
    });
    next();
  };
}

function describe(exchange: Exchange, method: string, path: string, response: Response, now: number): object {
  const { id, keyId, organization, project, model, upstream, stream, usage, startedAt, firstByteAt } = exchange;
  return {
    id,
    method,
    path,
    status: response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST,
    errorCode: exchange.errorCode,
    errorReason: exchange.errorReason,
    keyId,
    organization,
    project,
    model,
    upstream,
    attempts: exchange.attemptCount || undefined,
    resumes: exchange.resumeCount || undefined,
    stream,
    durationMs: round(now - startedAt),
    firstByteMs: firstByteAt === undefined ? undefined : round(firstByteAt - startedAt),
    promptTokens: usage?.prompt_tokens,
    completionTokens: usage?.completion_tokens,
    bytesSent: exchange.bytesSent || Number(response.getHeader('content-length') ?? 0),
  };
}

/** Microseconds suffice. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
