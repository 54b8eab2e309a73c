import { describe, expect, it } from '@jest/globals';
import { bodyOf, rawRequest } from './request.ts';

describe('the request', () => {
  it.each([
    ['bench-json', false],
    ['bench-paced-20-100', true],
  ])('has 405 bytes of body for %s', (model, isStream) => {
    const body = bodyOf(model, isStream);
    expect(Buffer.byteLength(body)).toBe(405);
    expect(JSON.parse(body)).toMatchObject({ model, max_tokens: 32 });
    expect(body.includes('"stream":true')).toBe(isStream);
  });

  it('is written as HTTP/1.1', () => {
    expect(rawRequest(81, { Authorization: 'Bearer k' }, '{}')).toBe(
      'POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1:81\r\nAuthorization: Bearer k\r\nContent-Length: 2\r\n\r\n{}',
    );
  });
});
