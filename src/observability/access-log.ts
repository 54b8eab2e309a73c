import { bounded } from '../common/bounded.js';
import type { Exchange } from './exchange.js';
import type { ExchangeObserver } from './exchange-observers.js';
import { parseTraceparent } from './tracing/trace-context.js';
import { type Logger, writeRecord } from './logger.js';

/** In UTF-16 units. Clients choose paths, and reasons quote upstreams. */
const MAX_TEXT = 512;
const MAX_NAME = 256;

const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** Writes one line for each exchange. */
export class AccessLog implements ExchangeObserver {
  constructor(private readonly logger: Logger) {}

  ended(exchange: Exchange): void {
    // Probes come every few seconds.
    const level = PROBES.has(exchange.path) ? 'debug' : 'info';
    if (this.logger.isLevelEnabled(level)) writeRecord(this.logger, level, describe(exchange), 'request');
  }
}

function describe(exchange: Exchange): object {
  const { id, method, path, status, keyId, organization, project, model, upstream, stream, usage } = exchange;
  const { startedAt, endedAt, firstByteAt } = exchange;
  return {
    id,
    method,
    path: bounded(path, MAX_TEXT),
    status,
    errorCode: boundedIfAny(exchange.errorCode, MAX_NAME),
    errorReason: boundedIfAny(exchange.errorReason, MAX_TEXT),
    refusedBy: boundedIfAny(exchange.refusedBy, MAX_NAME),
    keyId: boundedIfAny(keyId, MAX_NAME),
    organization: boundedIfAny(organization, MAX_NAME),
    project: boundedIfAny(project, MAX_NAME),
    model: boundedIfAny(model, MAX_NAME),
    upstream: boundedIfAny(upstream, MAX_NAME),
    upstreamIdPrefix: exchange.upstreamIdPrefix,
    traceId: (exchange.trace ?? parseTraceparent(exchange.traceparent))?.traceId,
    attempts: exchange.attemptCount || undefined,
    resumes: exchange.resumeCount || undefined,
    stream,
    durationMs: round(endedAt - startedAt),
    firstByteMs: firstByteAt === undefined ? undefined : round(firstByteAt - startedAt),
    promptTokens: usage?.prompt_tokens,
    completionTokens: usage?.completion_tokens,
    bytesSent: exchange.bytesSent,
  };
}

function boundedIfAny(text: string | undefined, maxLength: number): string | undefined {
  return text === undefined ? undefined : bounded(text, maxLength);
}

/** Microseconds suffice. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
