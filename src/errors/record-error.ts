import type { ApiError } from './api-error.js';
import type { Exchange } from '../observability/exchange.js';
import type { Logger } from '../observability/logger.js';

/** Notes an error for the access log; one that is our bug is also logged with its stack. */
export function recordError(exchange: Exchange, error: ApiError, logger: Logger): void {
  exchange.errorCode = error.code;
  exchange.errorReason = error.reason;
  if (error.status === 500) logger.error({ id: exchange.id, err: error.cause ?? error }, 'internal error');
}
