import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { ReceivedAnswer } from './recording.js';
import type { RequestToRecord } from './requests.js';

const TIME_LIMIT_MS = 60_000;

/** Of the moment and the connection. */
const LEFT_OUT = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding', 'content-length']);

/** Sends one request on its own connection. Never throws. */
export function exchange(origin: string, apiKey: string | undefined, asked: RequestToRecord): Promise<ReceivedAnswer> {
  const { promise, resolve } = Promise.withResolvers<ReceivedAnswer>();
  const answer: Omit<ReceivedAnswer, 'end'> = { status: 0, headers: {}, pieces: [] };
  const settle = (end: ReceivedAnswer['end']): void => resolve({ ...answer, end });
  const sent = send(origin, apiKey, asked);
  sent.on('error', () => settle('broken'));
  sent.on('response', (response) => {
    answer.status = response.statusCode ?? 0;
    answer.headers = headersOf(response);
    response.setEncoding('utf8');
    response.on('data', (piece: string) => {
      answer.pieces.push(piece);
      if (answer.pieces.length !== asked.hangUpAfter) return;
      settle('hung_up');
      sent.destroy();
    });
    response.on('error', () => settle('broken'));
    response.on('end', () => settle(response.complete ? 'whole' : 'broken'));
  });
  return promise;
}

function send(origin: string, apiKey: string | undefined, { method, path, body }: RequestToRecord): ClientRequest {
  const request = origin.startsWith('https:') ? requestHttps : requestHttp;
  const sent = request(origin + path, {
    method,
    agent: false,
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    },
  });
  sent.end(body);
  return sent;
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !LEFT_OUT.has(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}
