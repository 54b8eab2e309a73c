import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  beginStream,
  type Behaviour,
  chunk,
  events,
  FakeUpstream,
  replyEvents,
  replyJson,
} from '../support/fake-upstream.js';
import { errorOf, eventsOf, Gateway, ONE_ATTEMPT } from '../support/gateway.js';

const REQUEST = { model: 'm', prompt: 'p' };
const KEY = 'sk-upstream-Secret.1';
const OTHER_KEY = 'other/key+of=another';

describe('what an upstream says of itself', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  /** What no client may read. */
  let secrets: string[];

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    const { host, origin } = new URL(upstream.baseUrl);
    secrets = [KEY, OTHER_KEY, host, origin, upstream.baseUrl, 'gpu-b.internal'];
    const upstreams = [
      { name: 'engine', baseUrl: upstream.baseUrl, apiKey: KEY },
      { name: 'another', baseUrl: 'http://gpu-b.internal:8000/v1', apiKey: OTHER_KEY, models: ['other'] },
    ];
    gateway = await Gateway.start({ upstreams, routing: ONE_ATTEMPT });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  function expectNoSecret(text: string): void {
    for (const secret of secrets) expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
  }

  const everything = (): string =>
    `got Authorization: Bearer ${KEY} at ${upstream.baseUrl}/completions, ` +
    `next bearer  ${OTHER_KEY} and ${encodeURIComponent(OTHER_KEY)} at HTTP://GPU-B.internal:8000/v1, gpu-b.internal; ` +
    `Bearer someone-elses-key; host ${new URL(upstream.baseUrl).host}`;

  it.each([400, 413, 422, 429, 501])('reaches no client in the body of a %i', async (status) => {
    for (const error of [
      { error: { message: everything(), code: KEY, param: upstream.baseUrl } },
      { detail: [{ loc: ['body', KEY], msg: everything() }] },
      { error: everything(), error_type: KEY },
    ]) {
      upstream.onCompletion(replyJson(error, status));
      const response = await gateway.complete(REQUEST);
      expect(response.status).toBe(status === 422 || status === 501 ? 400 : status);
      const body = await response.text();
      expectNoSecret(body);
      expect(body).not.toContain('someone-elses-key');
      expect(body).toContain('[redacted]');
    }
  });

  it('reaches no client in an error event, before and after the first token', async () => {
    const error = { error: { message: everything(), code: 400, param: KEY } };
    upstream.onCompletion(replyEvents(error));
    const early = await gateway.complete({ ...REQUEST, stream: true });
    expect(early.status).toBe(400);
    expectNoSecret(await early.text());
    upstream.onCompletion((response) => {
      beginStream(response);
      response.write(events(chunk('a')));
      response.end(events(error));
    });
    const [first, last] = await eventsOf(await gateway.complete({ ...REQUEST, stream: true }));
    expect(first).toContain('"text":"a"');
    expect(last).toContain('[redacted]');
    expectNoSecret(String(last));
  });

  it('reaches no client in a header', async () => {
    const { host } = new URL(upstream.baseUrl);
    upstream.onCompletion(
      replyJson({ error: { message: 'later' } }, 429, {
        'retry-after': `${host.replace(':', ' ')} 1`,
        'x-ratelimit-limit-requests': KEY,
        'x-ratelimit-remaining-requests': '3',
      }),
    );
    const response = await gateway.complete(REQUEST);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('3');
    expectNoSecret(JSON.stringify([...response.headers]));
  });

  it('is cut at 4 KiB, between characters', async () => {
    for (const message of ['x'.repeat(500_000), '🦊'.repeat(200_000), `a${'é'.repeat(300_000)}`]) {
      upstream.onCompletion(replyJson({ error: { message } }, 400));
      const { error } = await errorOf(await gateway.complete(REQUEST));
      expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(4_096);
      expect(Buffer.byteLength(error.message)).toBeGreaterThan(4_000);
      expect(error.message.isWellFormed()).toBe(true);
      expect(message.startsWith(error.message.replace(/…$/, ''))).toBe(true);
    }
  });

  it('leaves no part of a credential where it is cut', async () => {
    for (let length = 4_060; length < 4_120; length++) {
      upstream.onCompletion(
        replyJson({ error: { message: `${'x'.repeat(length)}${KEY} ${'y'.repeat(50_000)}` } }, 400),
      );
      const { error } = await errorOf(await gateway.complete(REQUEST));
      expect(error.message).not.toContain('sk-');
    }
    upstream.onCompletion(replyJson({ error: { message: `${KEY} `.repeat(20_000) } }, 400));
    expect((await errorOf(await gateway.complete(REQUEST))).error.message).not.toContain('sk-');
  });

  it('has a short, printable `code` and `param`, or none', async () => {
    for (const bad of ['x'.repeat(5_000), 'a\nb', 'a\u0000b', 'zwölf\u202e']) {
      upstream.onCompletion(replyJson({ error: { message: 'no', code: bad, param: bad } }, 400));
      const { error } = await errorOf(await gateway.complete(REQUEST));
      expect([error.code, error.param]).toEqual(['invalid_request_error', null]);
    }
  });

  const strange: [string, unknown][] = [
    ['objects in place of texts', { detail: [{ loc: [{ toString: 1 }], msg: { toString: 1 } }] }],
    ['an object in place of a status', { error: { message: 'no', code: { valueOf: 1, toString: 1 } } }],
  ];

  it.each(strange)('is answered whatever it is: %s', async (_, error) => {
    for (const [status, behaviour] of [
      [400, replyJson(error, 400)],
      [502, replyEvents({ object: 'error', ...(error as object) })],
    ] as [number, Behaviour][]) {
      upstream.onCompletion(behaviour);
      const response = await gateway.complete({ ...REQUEST, stream: status === 502 });
      expect(response.status).toBe(status);
    }
  });

  it.each([429, 503])('passes on only valid headers of a %i', async (status) => {
    const many = Array.from({ length: 100 }, (_, i) => `x-ratelimit-${i}: 1`);
    const lines = [
      `HTTP/1.1 ${status} X`,
      'content-type: application/json',
      'content-length: 2',
      'x-ratelimit-latin: caf\xe9',
      'x-ratelimit-utf8: \u00f0\u009f\u00a6\u008a',
      'x-ratelimit-tab: a\tb',
      `x-ratelimit-long: ${'9'.repeat(5_000)}`,
      'x-ratelimit-twice: 1',
      'x-ratelimit-twice: 2',
      'x-ratelimit-good: 17',
      ...many,
    ];
    upstream.onCompletion((response) => {
      response.socket?.end(Buffer.from(`${lines.join('\r\n')}\r\n\r\n{}`, 'latin1'));
    });
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-ratelimit-good')).toBe('17');
    const limits = [...response.headers].filter(([name]) => name.startsWith('x-ratelimit-'));
    expect(limits.length).toBeLessThanOrEqual(32);
    for (const [, value] of limits) expect(value).toMatch(/^[ -~]{1,128}$/);
  });
});
