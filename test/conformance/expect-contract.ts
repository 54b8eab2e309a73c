import { expect } from '@jest/globals';
import type { Body } from '../support/engines/asked.js';
import { type ErrorAnswer, errorOf, eventsOf } from '../support/gateway.js';
import { readAnswer, readStream } from './client-view.js';

/** Every error code that an answer of an upstream may lead to. */
const CODES =
  /^(unsupported_parameter|context_length_exceeded|invalid_request_error|model_not_found|upstream_error|upstream_timeout|no_upstream_available|[a-z_]+_type|missing|greater_than_equal|less_than_equal|extra_forbidden|value_error|json_invalid|string_too_short|too_short|finite_number)$/;

/** The requests that every engine answers, natively or emulated. */
export const ALWAYS_ANSWERED = new Set([
  ...['plain', 'seeded', 'several texts', 'characters of several bytes', 'n', 'n at temperature 0', 'echo', 'user'],
  ...['max_tokens 0', 'max_tokens 0 with echo', 'max_tokens 1', 'stop as a text', 'stop as a list', 'top_p 1'],
  ...['explicit nulls', 'with usage'],
]);

/** Internals of a server. */
const LEAKS = /\/(usr|home|root|tmp|opt)\/|site-packages|Traceback|BadRequestError/;

/** Expects an answer of the contract: a completion, or an error in its shape. `body` is the request. */
export async function expectContract(response: Response, body: string | undefined): Promise<void> {
  const asked = parsed(body);
  if (response.status !== 200) {
    expectError(await errorOf(response));
    return;
  }
  if (asked.stream !== true) {
    await readAnswer(response, asked);
    return;
  }
  const last = (await eventsOf(response.clone())).at(-1) ?? '';
  if (last === '[DONE]') await readStream(response, asked);
  else expectError(JSON.parse(last) as ErrorAnswer);
}

function expectError({ error }: Pick<ErrorAnswer, 'error'>): void {
  expect(error).toEqual({
    message: expect.not.stringMatching(LEAKS),
    type: expect.stringMatching(/^(invalid_request_error|upstream_error)$/),
    param: error.param === null ? null : expect.any(String),
    code: expect.stringMatching(CODES),
  });
}

function parsed(text = '{}'): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return {};
  }
}
