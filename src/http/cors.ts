import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CorsConfig } from '../config/config.js';

/** Seconds for which a browser remembers a preflight's answer; Chrome's own limit. */
const MAX_AGE_S = 7_200;

/**
 * Lets pages of the configured origins call the gateway (https://fetch.spec.whatwg.org/#http-cors-protocol). No credentials
 * of the browser's are involved: API keys are sent by the page itself.
 *
 * @returns undefined without origins; else a function that sets the headers of an answer and, for a preflight, answers it and
 *   returns true: it carries no API key, so the guard would refuse it.
 */
export function corsOf({
  origins,
}: CorsConfig): ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined {
  if (origins.length === 0) return undefined;
  const allowed = new Set(origins);
  const allowsAny = allowed.has('*');
  return ({ method, headers }, response) => {
    // Caches must keep the answers for each origin apart.
    if (!allowsAny) response.setHeader('Vary', 'Origin');
    const { origin } = headers;
    if (origin === undefined || !(allowsAny || allowed.has(origin))) return false;
    response.setHeader('Access-Control-Allow-Origin', allowsAny ? '*' : origin);
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) {
      response.setHeader('Access-Control-Expose-Headers', '*');
      return false;
    }
    response.writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
      // Any that the page asks for: clients have headers of their own, such as x-stainless-*.
      'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '*',
      'Access-Control-Max-Age': MAX_AGE_S,
    });
    response.end();
    return true;
  };
}
