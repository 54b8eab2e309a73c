import type { Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.js';
import { Exchange, startExchange } from './exchange.js';
import { type Logger, writeRecord } from './logger.js';
import type { Metrics } from './metrics.js';

/** What a caller may choose as a request id; anything else is replaced. */
const REQUEST_ID = /^[\w.-]{1,128}$/;

const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** nginx's status for a client that hung up before the answer was complete. No standard has one. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Gives each request its id and writes one line when its connection is done with it, however it ended.
 *
 * Around everything, and no interceptor: an interceptor misses what the guard rejects, and ends before a stream does.
 */
export function accessLog(
  logger: Logger,
  clock: Clock,
  metrics: Metrics,
): (request: Request, response: Response) => void {
  return (request, response) => {
    const offered = request.headers['x-request-id'];
    const id = typeof offered === 'string' && REQUEST_ID.test(offered) ? offered : randomUUID();
    const exchange = new Exchange(id, clock.now());
    startExchange(request, exchange);
    response.setHeader('x-request-id', id);
    const { method } = request;
    const [path = ''] = request.originalUrl.split('?', 1);
    response.on('close', () => {
      const status = response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST;
      const now = clock.now();
      measure(metrics, exchange, status, now);
      // Probes come every few seconds, for ever.
      const level = PROBES.has(path) ? 'debug' : 'info';
      if (logger.isLevelEnabled(level))
        writeRecord(logger, level, describe(exchange, method, path, response, status, now), 'request');
    });
  };
}

function describe(
  exchange: Exchange,
  method: string,
  path: string,
  response: Response,
  status: number,
  now: number,
): object {
  const { id, keyId, organization, project, model, upstream, stream, usage, startedAt, firstByteAt } = exchange;
  return {
    id,
    method,
    path,
    status,
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

/** Completions only: what a probe or a list of models takes would hide what people wait for. */
function measure(metrics: Metrics, exchange: Exchange, status: number, now: number): void {
  const { model, modelLabel, stream, usage, startedAt, firstByteAt } = exchange;
  if (model === undefined) return;
  const gen_ai_request_model = modelLabel;
  const labels = { gen_ai_request_model, http_response_status_code: status, stream: String(stream) };
  metrics.requestDuration.observe(labels, (now - startedAt) / 1000);
  if (stream && firstByteAt !== undefined && status === 200) {
    metrics.timeToFirstToken.observe({ gen_ai_request_model }, (firstByteAt - startedAt) / 1000);
  }
  if (!usage || status !== 200) return;
  metrics.tokens.inc({ gen_ai_request_model, gen_ai_token_type: 'input' }, usage.prompt_tokens);
  metrics.tokens.inc({ gen_ai_request_model, gen_ai_token_type: 'output' }, usage.completion_tokens);
}

/** Microseconds suffice. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
