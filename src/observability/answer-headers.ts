import type { ServerResponse } from 'node:http';
import type { Exchange } from './exchange.js';

/** Sets the debugging headers of `server.answerHeaders`, as far as known when the head is sent. */
export function setAnswerHeaders(response: ServerResponse, exchange: Exchange, now: number): void {
  const { model, upstream, attemptCount, attemptStartedAt, emulated, queueMs, startedAt } = exchange;
  if (model === undefined) return;
  const times = [`queue=${Math.round(queueMs)}`, `all=${Math.round(now - startedAt)}`];
  if (upstream !== undefined) {
    response.setHeader('x-gateway-upstream', upstream);
    times.splice(1, 0, `upstream=${Math.round(now - attemptStartedAt)}`);
  }
  response.setHeader('x-gateway-attempts', attemptCount);
  response.setHeader('x-gateway-time-ms', times.join(', '));
  if (emulated.length > 0) response.setHeader('x-gateway-emulated', emulated.join(','));
}
