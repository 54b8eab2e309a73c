import type { ApiError } from './api-error.js';
import type { Exchange } from '../observability/exchange.js';
import type { Logger } from '../observability/logger.js';

/** Records an error for the access log; our own bugs are also logged, with their stack. */
export function recordError(exchange: Exchange, error: ApiError, logger: Logger): void {
  exchange.errorCode = error.code;
  exchange.errorReason = error.reason;
  if (error.status === 500) logger.error({ id: exchange.id, err: error.cause ?? error }, 'internal error');
}
