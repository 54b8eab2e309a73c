import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeUpstream } from './support/fake-upstream.js';
import { API_KEY, errorOf, Gateway } from './support/gateway.js';

const BODY = Buffer.from(JSON.stringify({ model: 'test-model', prompt: 'Hi' }));
const SEND_JSON = 'Send the body as JSON, with the header `Content-Type: application/json`.';

describe('POST /v1/completions', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream);
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  function post(headers: Record<string, string>): Promise<Response> {
    return fetch(`${gateway.url}/v1/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, ...headers },
      body: BODY,
    });
  }

  it.each([
    [{}, SEND_JSON],
    [{ 'content-type': 'text/plain' }, SEND_JSON],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, SEND_JSON],
    [{ 'content-type': 'json' }, SEND_JSON],
    [{ 'content-type': 'application/json; charset=latin1' }, 'The body cannot be read: unsupported charset "LATIN1".'],
    [
      { 'content-type': 'application/json', 'content-encoding': 'x-unknown' },
      'The body cannot be read: unsupported content encoding "x-unknown".',
    ],
  ])('answers 415 to %j', async (headers, message) => {
    const response = await post(headers);
    expect(response.status).toBe(415);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    expect(await errorOf(response)).toEqual({
      detail: message,
      error: { message, type: 'invalid_request_error', param: null, code: 'unsupported_media_type' },
    });
    expect(upstream.requests).toEqual([]);
  });

  it.each([
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/json; charset=utf8',
  ])('takes %s', async (type) => {
    upstream.requests.length = 0;
    expect((await post({ 'content-type': type })).status).toBe(200);
    expect(upstream.requests.map(({ body }) => body)).toEqual([{ model: 'test-model', prompt: 'Hi' }]);
    upstream.requests.length = 0;
  });
});
