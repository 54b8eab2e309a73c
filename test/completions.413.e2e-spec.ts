import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { FakeUpstream } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';

const LIMIT_BYTES = 200;
const GZIP = { headers: { 'content-encoding': 'gzip' } };

/** A good body of so many bytes. */
function bodyOf(sizeBytes: number): string {
  const empty = JSON.stringify({ model: 'test-model', prompt: '' });
  return JSON.stringify({ model: 'test-model', prompt: 'x'.repeat(sizeBytes - empty.length) });
}

describe('POST /v1/completions with a body limit', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { config: { server: { bodyLimitBytes: LIMIT_BYTES } } });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('takes a body of exactly that size', async () => {
    expect((await gateway.complete(bodyOf(LIMIT_BYTES))).status).toBe(200);
    expect(upstream.lastRequest.body.model).toBe('test-model');
  });

  it('takes a compressed body', async () => {
    const body = bodyOf(LIMIT_BYTES);
    expect((await gateway.complete(gzipSync(body), GZIP)).status).toBe(200);
    expect(upstream.lastRequest.body).toEqual(JSON.parse(body));
    expect(upstream.lastRequest.headers['content-encoding']).toBeUndefined();
  });

  const tooLarge = bodyOf(LIMIT_BYTES + 1);
  it.each([
    ['says its size', () => gateway.complete(tooLarge)],
    ['comes in pieces', () => gateway.complete(new Blob([tooLarge]).stream())],
    ['is small while it is compressed', () => gateway.complete(gzipSync(bodyOf(100_000)), GZIP)],
  ])('answers 413 to a larger one that %s', async (_, send) => {
    const received = upstream.requests.length;
    const response = await send();
    expect(response.status).toBe(413);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
    const message = `The body is larger than ${LIMIT_BYTES} bytes.`;
    expect(await errorOf(response)).toEqual({
      detail: message,
      error: { message, type: 'invalid_request_error', param: null, code: 'request_too_large' },
    });
    expect(upstream.requests).toHaveLength(received);
  });
});
