import { applyDecorators } from '@nestjs/common';
import { ApiAuthErrors } from '../auth/auth-errors.decorator.js';
import { thrownBy } from '../common/thrown-by.js';
import { ServerConfig } from '../config/config.js';
import { checkCompletion } from '../contract/check-completion.js';
import { EMBEDDED_MODEL } from '../contract/completion-examples.js';
import { invalidJson } from '../contract/parse-json-body.js';
import type { ApiError } from '../errors/api-error.js';
import { ApiErrorResponse, INTERNAL_ERROR } from '../errors/api-error-response.decorator.js';
import { modelNotFound } from '../errors/model-not-found.js';
import { processIsFull } from '../http/body-budget.js';
import { notJson, tooLarge } from '../http/json-body-reader.js';
import { limitsUnavailable } from '../limits/guarded-store.js';
import { limitReached } from '../limits/limit-refusal.js';
import { tooMany } from '../limits/limiter.js';
import { busy } from '../routing/queue.js';
import { databaseUnavailable } from '../storage/database-unavailable.js';
import { refusalOf } from '../upstreams/refusal.js';
import { UpstreamError } from '../upstreams/upstream-error.js';
import { contextExceeded, unsupported } from './plan/unsupported.js';

const WRONG_BODY = { model: EMBEDDED_MODEL, prompt: 'Once upon a time', temperature: 3, max_tokens: '16' };

const ERRORS: Record<number, [description: string, ...errors: [ApiError, ...ApiError[]]]> = {
  400: [
    'The upstream refused the request, it asks for too much, or nothing can honour a parameter of it.',
    contextExceeded('', { limit: '512', prompt: '600' }),
    unsupported({ param: 'suffix', asks: '`suffix`' }),
    tooMany(40_000, 16_384),
  ],
  404: ['There is no such model, or your API key may not use it.', modelNotFound()],
  413: ['The body is too large.', tooLarge(new ServerConfig().bodyLimitBytes)],
  415: ['The body is not JSON.', notJson()],
  422: [
    'The body breaks the contract. Every problem is listed.',
    thrownBy(() => checkCompletion(WRONG_BODY)) as ApiError,
    invalidJson('not valid JSON at position 17'),
  ],
  429: [
    'Too many requests. `Retry-After` says when to try again, but for a spent budget.',
    limitReached({ scope: 'key', kind: 'requests', limit: 60, models: undefined }, 1_000, {}),
    limitReached({ scope: 'project', kind: 'budget', limit: 50_000_000, models: undefined }, Infinity, {}),
  ],
  500: ['The gateway failed.', INTERNAL_ERROR],
  502: ['The upstream answered badly.', new UpstreamError('broken', ''), refusalOf(401, {}, '', 0)],
  503: [
    'No upstream can be reached or has a free slot, or the gateway cannot check the key or the limits, or has too much to do.',
    busy(''),
    processIsFull(),
    databaseUnavailable(new Error()),
    limitsUnavailable(),
  ],
  504: ['The upstream did not answer in time.', new UpstreamError('sent', '', { isTimeout: true })],
};

/** Documents every status that a completion can fail with. */
export function ApiCompletionErrors(): MethodDecorator {
  return applyDecorators(
    ApiAuthErrors(),
    ...Object.entries(ERRORS).map(([status, errors]) => ApiErrorResponse(Number(status), ...errors)),
  );
}
