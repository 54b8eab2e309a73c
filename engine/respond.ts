import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ApiError } from '../src/errors/api-error.js';
import { toErrorBody, toErrorObject } from '../src/errors/error-body.js';

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': bytes.length,
    ...headers,
  });
  response.end(bytes);
}

/** An error has its own status until the stream has begun; then it is an event, and the stream ends without `[DONE]`. */
export function sendError(response: ServerResponse, error: ApiError): void {
  if (!response.headersSent) sendJson(response, error.status, toErrorBody(error), error.headers);
  else response.end(formatEvent({ error: toErrorObject(error) }));
}

/**
 * Sends an event; the first one sends the status line, too. Resolves when the connection takes more.
 *
 * @throws the signal's reason when the client disconnects meanwhile.
 */
export async function sendEvent(response: ServerResponse, data: object, signal: AbortSignal): Promise<void> {
  if (!response.headersSent) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-cache' });
  }
  if (response.write(formatEvent(data))) return;
  try {
    await once(response, 'drain', { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

export function endEvents(response: ServerResponse): void {
  response.end('data: [DONE]\n\n');
}

function formatEvent(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
