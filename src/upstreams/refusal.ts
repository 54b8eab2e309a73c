import { toDouble } from '../common/exact-json.js';
import { MODEL_NOT_FOUND } from '../errors/model-not-found.js';
import type { UpstreamAnswer } from './upstream.js';
import { type PublicError, UpstreamError } from './upstream-error.js';

/** What engines send as an error, in whatever shape, brought to one. */
interface EngineError {
  message: string | undefined;
  code: string | undefined;
  param: string | undefined;
}

/**
 * An upstream's answer with an error status, received at `now` (milliseconds since the epoch). Some engines answer 500 to
 * a request that is at fault: `refusalPattern` tells by the message.
 */
export function refusalOf(
  status: number,
  headers: UpstreamAnswer['headers'],
  body: string,
  now: number,
  refusalPattern?: RegExp,
): UpstreamError {
  const retryAfter = retryAfterOf(headers);
  const error = parseEngineError(body);
  const isRefusal = status === 500 && error.message !== undefined && refusalPattern?.test(error.message);
  const meant = isRefusal ? 400 : status;
  return new UpstreamError('answered', `HTTP ${status}`, {
    status: meant,
    retryAfterMs: toMilliseconds(retryAfter, now),
    publicError: publicErrorOf(meant, limitHeadersOf(headers), error),
  });
}

/** An error that came as an event of a stream, after the status line had said 200. */
export function refusalInStream(event: unknown): UpstreamError {
  const status = statusOf(event);
  const publicError = publicErrorOf(status, limitHeadersOf({}), readEngineError(event));
  return new UpstreamError('answered', 'an error instead of a completion', { status, publicError });
}

function publicErrorOf(
  status: number,
  limits: Record<string, string>,
  { message, code, param }: EngineError,
): PublicError {
  const failed = { status: 502, code: 'upstream_error', message: `The upstream failed with status ${status}.` };
  switch (status) {
    case 400:
    case 422:
      return {
        status: 400,
        code: code ?? 'invalid_request',
        message: message ?? 'The upstream refused the request.',
        ...(param === undefined ? {} : { param }),
      };
    case 401:
    case 403:
      return {
        ...failed,
        code: 'upstream_refused_credential',
        message: "The upstream refused the gateway's credential.",
      };
    case 404:
      // An engine that explains itself knows the path: what it misses is the model.
      return message === undefined ? failed : MODEL_NOT_FOUND;
    case 408:
    case 504:
      return { status: 504, code: 'upstream_timeout', message: 'The upstream did not answer in time.' };
    case 413:
      return {
        status: 413,
        code: 'request_too_large',
        message: message ?? 'The body is larger than the upstream takes.',
      };
    case 429:
      return {
        status: 429,
        code: code === 'insufficient_quota' ? code : 'rate_limit_exceeded',
        message: message ?? 'The upstream is at its rate limit.',
        headers: limits,
      };
    case 501:
      return {
        status: 400,
        code: 'unsupported_parameter',
        message: message ?? 'The upstream does not support what the request asks for.',
        ...(param === undefined ? {} : { param }),
      };
    case 503:
      return {
        status: 503,
        code: 'no_upstream_available',
        message: 'No upstream of this model is ready. Try again later.',
        headers: limits,
      };
    default:
      return failed;
  }
}

const DEFAULT_RETRY_AFTER = '1';

/** What tells a caller when to come back: `Retry-After`, and OpenAI's `x-ratelimit-*`. */
function limitHeadersOf(headers: UpstreamAnswer['headers']): Record<string, string> {
  const limits = Object.entries(headers).filter(([name]) => name.startsWith('x-ratelimit-'));
  return {
    ...(Object.fromEntries(limits) as Record<string, string>),
    'Retry-After': retryAfterOf(headers) ?? DEFAULT_RETRY_AFTER,
  };
}

/** Seconds or an HTTP date, as it came (RFC 9110, section 10.2.3). */
function retryAfterOf(headers: UpstreamAnswer['headers']): string | undefined {
  const value = headers['retry-after'];
  return typeof value === 'string' && /^[\w ,:+-]{1,64}$/.test(value) ? value : undefined;
}

function toMilliseconds(retryAfter: string | undefined, now: number): number | undefined {
  if (retryAfter === undefined) return undefined;
  const milliseconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

function parseEngineError(body: string): EngineError {
  try {
    return readEngineError(JSON.parse(body));
  } catch {
    return { message: undefined, code: undefined, param: undefined };
  }
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function readEngineError(body: unknown): EngineError {
  if (!isFields(body)) return { message: undefined, code: undefined, param: undefined };
  const nested = isFields(body.error) ? body.error : body;
  return {
    message: text(nested.message) ?? text(body.error) ?? detailOf(body.detail),
    code: text(nested.code) ?? text(nested.type) ?? text(body.error_type),
    param: text(nested.param),
  };
}

/** FastAPI's `detail`: a string, or a list of issues. */
function detailOf(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return text(detail);
  const messages = (detail as unknown[]).filter(isFields).map(({ loc, msg }) => {
    const path = Array.isArray(loc) ? (loc as unknown[]).slice(1).join('.') : '';
    return path ? `${path}: ${String(msg)}` : String(msg);
  });
  return text(messages.join('; '));
}

/** vLLM and llama.cpp give the status as `error.code`; without one, an error in mid-stream is the upstream's fault. */
function statusOf(event: unknown): number {
  const error = isFields(event) && isFields(event.error) ? event.error : event;
  const code = isFields(error) ? Number(toDouble(error.code ?? error.http_status_code)) : NaN;
  return code >= 400 && code < 600 ? code : 502;
}
