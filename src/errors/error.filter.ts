import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { Request, Response } from 'express';
import { CLOCK, type Clock } from '../common/clock.js';
import { GatewayConfig } from '../config/config.js';
import { setAnswerHeaders } from '../observability/answer-headers.js';
import { ApiError } from './api-error.js';
import { toApiError, toErrorBody } from './error-body.js';
import { exchangeOf } from '../observability/exchange.js';
import { LOGGER, type Logger } from '../observability/logger.js';
import { reasonPhraseOf } from './reason-phrase.js';
import { recordError } from './record-error.js';
import { unmatchedRoute } from './unmatched-route.js';

/** OpenAI's libraries (Node 7.57.0, Python 3.57.0) ignore a longer `Retry-After`, and retry after half a second. */
const LONGEST_OBEYED_RETRY_AFTER_S = 60;

/** The only writer of error bodies: every throw ends here. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly config: GatewayConfig,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    // The client disconnected: the error only unwound the request.
    if (response.destroyed) return;

    const error = thrown instanceof HttpException ? fromNest(thrown, request) : toApiError(thrown);
    const exchange = exchangeOf(request);
    recordError(exchange, error, this.logger);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (this.config.server.answerHeaders) setAnswerHeaders(response, exchange, this.clock.now());
    const body = Buffer.from(JSON.stringify(toErrorBody(error)));
    exchange.bytesSent += body.length;
    response.writeHead(error.status, reasonPhraseOf(error), {
      ...headersOf(error),
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': body.length,
    });
    response.end(body);
  }
}

/** `x-should-retry: false` keeps OpenAI's libraries from retrying at once when told to wait too long for them. */
function headersOf({ headers }: ApiError): Record<string, string> {
  return Number(headers['Retry-After']) > LONGEST_OBEYED_RETRY_AFTER_S
    ? { ...headers, 'x-should-retry': 'false' }
    : headers;
}

/** Nest throws when no route matches, or a path is malformed. */
function fromNest(exception: HttpException, request: Request): ApiError {
  const status = exception.getStatus();
  if (status === 404) return unmatchedRoute(request);
  if (status >= 500) return toApiError(exception);
  return new ApiError(status, 'invalid_request', exception.message, { cause: exception });
}
