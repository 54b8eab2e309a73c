import type { Request } from 'express';
import { ApiError } from './api-error.js';

/** A layer of Express 5's router. */
interface Layer {
  match(path: string): boolean;
  route?: { methods: Record<string, boolean> };
}

/** 400 for a path that is none, 405 when it exists with other methods, else 404. */
export function unmatchedRoute(request: Request): ApiError {
  const { method, path } = request;
  if (!isDecodable(path))
    return new ApiError(400, 'invalid_request', `${path} is no path: a % stands before two hex digits.`);
  const allowed = allowedMethods(request);
  if (allowed.length === 0) return new ApiError(404, 'not_found', `There is nothing at ${path}.${hintFor(path)}`);
  const allow = allowed.join(', ');
  // RFC 9110, section 15.5.6: a 405 lists the methods in Allow.
  return new ApiError(405, 'method_not_allowed', `${path} does not take ${method}, but ${allow}.`, {
    headers: { Allow: allow },
  });
}

/** Hints for the usual mistakes: a base URL without `/v1` or with two, and other endpoints of OpenAI's. */
function hintFor(path: string): string {
  const [, prefix = '', resource = ''] = /^((?:\/v1)*)\/([\w/]+?)\/?$/.exec(path) ?? [];
  if (resource === 'completions' || resource === 'models') {
    return prefix === '/v1'
      ? ''
      : ` Text completions are at /v1/completions: the base URL of a client ends in /v1, once.`;
  }
  const isOtherEndpoint =
    /^(?:chat\/completions|embeddings|responses|audio|images|moderations|engines|rerank|score)\b/.test(resource);
  return isOtherEndpoint ? ' This gateway serves text completions only, at /v1/completions.' : '';
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function allowedMethods({ app, path }: Request): string[] {
  const { stack } = app.router as unknown as { stack: Layer[] };
  const methods = stack
    .filter((layer) => layer.route && layer.match(path))
    .flatMap((layer) => Object.keys(layer.route?.methods ?? {}))
    .filter((name) => !name.startsWith('_'))
    .map((name) => name.toUpperCase());
  // Express answers HEAD wherever it answers GET.
  if (methods.includes('GET')) methods.push('HEAD');
  return [...new Set(methods)].sort();
}
