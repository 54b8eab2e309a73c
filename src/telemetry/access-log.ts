import type { Exchange } from './exchange.js';
import type { ExchangeObserver } from './exchange-observers.js';
import { type Logger, writeRecord } from './logger.js';

const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

/** Writes one line for each exchange. */
export class AccessLog implements ExchangeObserver {
  constructor(private readonly logger: Logger) {}

  ended(exchange: Exchange): void {
    // Probes come every few seconds, for ever.
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
    path,
    status,
    errorCode: exchange.errorCode,
    errorReason: exchange.errorReason,
    keyId,
    organization,
    project,
    model,
    upstream,
    upstreamIdPrefix: exchange.upstreamIdPrefix,
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

/** Microseconds suffice. */
function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
