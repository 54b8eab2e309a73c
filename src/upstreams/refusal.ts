import { toDouble } from '../common/exact-json.js';
import { type Meaning, meaningOf } from '../engines/refusal-messages.js';
import { MODEL_NOT_FOUND } from '../errors/model-not-found.js';
import type { UpstreamAnswer } from './upstream.js';
import { NOT_IMPLEMENTED, type PublicError, UpstreamError } from './upstream-error.js';

/** An engine's error, normalized. */
interface EngineError {
  message?: string | undefined;
  code?: string | undefined;
  param?: string | undefined;
  /** What the message means, where it is a known one; the message is then in OpenAI's words. */
  means?: Meaning;
}

/** Where the client is at fault, some engines answer 500, and some an unknown model 400. */
function statusMeant(status: number, { means }: EngineError): number {
  if (means === 'model_not_found') return 404;
  if (means === 'unsupported_parameter') return NOT_IMPLEMENTED;
  return means !== undefined && (status === 422 || status >= 500) ? 400 : status;
}

/** An upstream's answer with an error status, received at `now` (milliseconds since the epoch). */
export function refusalOf(
  status: number,
  headers: UpstreamAnswer['headers'],
  body: string,
  now: number,
): UpstreamError {
  const error = parseEngineError(body);
  const meant = statusMeant(status, error);
  return new UpstreamError('answered', `HTTP ${status}`, {
    status: meant,
    retryAfterMs: toMilliseconds(retryAfterOf(headers), now),
    publicError: publicErrorOf(meant, limitHeadersOf(headers), error),
  });
}

/** An error sent as a stream event, after a 200. */
export function refusalInStream(event: unknown): UpstreamError {
  const error = readEngineError(event);
  const status = statusMeant(statusOf(event), error);
  const publicError = publicErrorOf(status, limitHeadersOf({}), error);
  return new UpstreamError('answered', 'an error instead of a completion', { status, publicError });
}

function publicErrorOf(
  status: number,
  limits: Record<string, string>,
  { message, code, param, means }: EngineError,
): PublicError {
  const failed = { status: 502, code: 'upstream_error', message: `The upstream failed with status ${status}.` };
  switch (status) {
    case 400:
    case 422:
      return {
        status: 400,
        code: means === 'context_length_exceeded' ? means : openAiCode(code),
        message: message ?? 'The upstream refused the request.',
        ...(param === undefined || means === 'context_length_exceeded' ? {} : { param }),
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
    case NOT_IMPLEMENTED:
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

/** OpenAI's names for what may be wrong with a request: programs look for them. An engine's own are none of them. */
const OPENAI_CODES = new Set([
  ...['context_length_exceeded', 'invalid_type', 'invalid_value', 'missing_required_parameter', 'unknown_parameter'],
  ...['unsupported_parameter', 'unsupported_value', 'string_above_max_length', 'string_below_min_length'],
  ...['integer_above_max_value', 'integer_below_min_value', 'decimal_above_max_value', 'decimal_below_min_value'],
  ...['array_above_max_length', 'empty_array', 'content_filter', 'content_policy_violation'],
]);

function openAiCode(code: string | undefined): string {
  return code !== undefined && OPENAI_CODES.has(code) ? code : 'invalid_request_error';
}

const DEFAULT_RETRY_AFTER = '1';

const MAX_LIMIT_HEADERS = 32;
const LIMIT_HEADER_NAME = /^x-ratelimit-[a-z\d-]{1,64}$/;
/** Numbers, durations, dates, and lists of them. */
const LIMIT_HEADER_VALUE = /^[\w ,.:;=+"-]{1,128}$/;

/** `Retry-After` and OpenAI's `x-ratelimit-*`; invalid values are dropped. */
function limitHeadersOf(headers: UpstreamAnswer['headers']): Record<string, string> {
  const limits: Record<string, string> = { 'Retry-After': retryAfterOf(headers) ?? DEFAULT_RETRY_AFTER };
  let count = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (!LIMIT_HEADER_NAME.test(name) || typeof value !== 'string' || !LIMIT_HEADER_VALUE.test(value)) continue;
    if (++count > MAX_LIMIT_HEADERS) break;
    limits[name] = value;
  }
  return limits;
}

/** Seconds, or an HTTP date in one of its three forms (RFC 9110, sections 5.6.7 and 10.2.3). */
const RETRY_AFTER = /^(?:\d{1,10}|[A-Z][a-z]{2,8},? [\w :-]{10,30})$/;

/** As it came. */
function retryAfterOf(headers: UpstreamAnswer['headers']): string | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string' || !RETRY_AFTER.test(value)) return undefined;
  return toMilliseconds(value, 0) === undefined ? undefined : value;
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
    return {};
  }
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
/** What a program reads: short, and nothing that cannot be printed. */
const word = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[^\p{C}]{1,256}$/u.test(value) ? value : undefined;
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function readEngineError(body: unknown): EngineError {
  if (!isFields(body)) return {};
  const nested = isFields(body.error) ? body.error : body;
  const passedOn =
    typeof body.error === 'string' && body.error.startsWith('{"error":') ? parseEngineError(body.error) : undefined;
  // Ollama forwards its llama-server's error as a string.
  if (passedOn?.message !== undefined) return passedOn;
  const message = text(nested.message) ?? text(body.error) ?? detailOf(body.detail);
  return {
    message,
    code: word(nested.code) ?? word(nested.type) ?? word(body.error_type),
    param: word(nested.param),
    ...(message !== undefined && meaningOf(message)),
  };
}

const isPlain = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';

/** FastAPI's `detail`: a string, or a list of issues. */
function detailOf(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return text(detail);
  const messages = (detail as unknown[]).filter(isFields).map(({ loc, msg }) => {
    const path = Array.isArray(loc) ? (loc as unknown[]).slice(1).filter(isPlain).join('.') : '';
    const message = isPlain(msg) ? String(msg) : '';
    return path ? `${path}: ${message}` : message;
  });
  return text(messages.join('; '));
}

/** vLLM and llama.cpp give the status as `error.code`; without one, an error in mid-stream is the upstream's fault. */
function statusOf(event: unknown): number {
  const error = isFields(event) && isFields(event.error) ? event.error : event;
  const given = isFields(error) ? toDouble(error.code ?? error.http_status_code) : undefined;
  const code = isPlain(given) ? Number(given) : NaN;
  return Number.isInteger(code) && code >= 400 && code < 600 ? code : 502;
}
