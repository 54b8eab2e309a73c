import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../src/config/api-key-hash.js';
import { AnswerReader } from './support/answer-reader.js';
import {
  beginStream,
  breakAfter,
  chunk,
  completion,
  events,
  FakeUpstream,
  hang,
  replyEvents,
  replyJson,
  reset,
} from './support/fake-upstream.js';
import { API_KEY, errorOf, Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';
import { until } from './support/wait.js';

/** The fake upstream's answers use 2 + 3 tokens. */
const REQUEST = { model: 'llama-8b', prompt: [1, 2], max_tokens: 8 };
const RESERVED = 2 + 8;
const USED = 5;

let upstream: FakeUpstream;
let gateway: Gateway;
let clock: ManualClock;

beforeEach(async () => {
  clock = new ManualClock();
  upstream = await FakeUpstream.start(replyJson(completion('Hello')));
});

afterEach(async () => {
  await gateway.stop();
  await upstream.stop();
});

async function start(keyLimits: object | undefined, limits: object = {}, config: object = {}): Promise<void> {
  const apiKeys = [{ id: 'team', hash: hashApiKey(API_KEY), ...(keyLimits && { limits: keyLimits }) }];
  gateway = await Gateway.inFrontOf(upstream, { clock, config: { apiKeys, limits, ...config } });
}

function complete(fields: object = {}, signal?: AbortSignal): Promise<Response> {
  return gateway.complete({ ...REQUEST, ...fields }, signal ? { signal } : {});
}

/** The tokens a minute that are left, by the headers of a further request, which itself reserves `RESERVED`. */
async function tokensLeft(): Promise<number> {
  upstream.onCompletion(replyJson(completion('Hello')));
  const response = await complete();
  await response.arrayBuffer();
  return Number(response.headers.get('x-ratelimit-remaining-tokens')) + RESERVED;
}

function rateLimitsOf({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-ratelimit-')));
}

describe('a key with limits', () => {
  it('gets with each answer how much is left, in whole numbers', async () => {
    await start({ requestsPerMinute: 10, tokensPerMinute: 1000 });
    expect(rateLimitsOf(await complete())).toEqual({
      'x-ratelimit-limit-requests': '10',
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-requests': '6s',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': String(1000 - RESERVED),
      'x-ratelimit-reset-tokens': '600ms',
    });
    upstream.onCompletion(replyEvents(chunk('Hello', 'stop'), '[DONE]'));
    const streamed = await complete({ stream: true });
    expect(streamed.headers.get('x-ratelimit-remaining-requests')).toBe('8');
    // What the first answer did not use has come back.
    expect(streamed.headers.get('x-ratelimit-remaining-tokens')).toBe(String(1000 - USED - RESERVED));
  });

  it('gets 429 beyond its requests a minute, with when to come back, and nothing is sent upstream', async () => {
    await start({ requestsPerMinute: 2 });
    await complete();
    await complete();
    const refused = await complete();
    expect(refused.status).toBe(429);
    expect((await errorOf(refused)).error).toEqual({
      message: 'Limit reached for this API key: 2 requests per minute.',
      type: 'rate_limit_error',
      param: null,
      code: 'rate_limit_exceeded',
    });
    expect(refused.headers.get('retry-after')).toBe('30');
    expect(refused.headers.get('retry-after-ms')).toBe('30000');
    expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(upstream.requests).toHaveLength(2);
    clock.advance(30_000);
    expect((await complete()).status).toBe(200);
  });

  it('has what refused it in the access log and in the metrics', async () => {
    await start({ models: { 'llama*': { requestsPerMinute: 1 } } });
    await complete();
    await complete();
    expect((await gateway.accessLog(2))[1]).toMatchObject({ status: 429, refusedBy: 'key.requests:llama*' });
    expect((await complete({ model: 'mistral' })).status).toBe(200);
  });

  it('is refused for good once its month’s tokens are spent, until the next month', async () => {
    await start({ tokensPerMonth: 14 });
    await complete();
    const refused = await complete();
    expect(refused.status).toBe(429);
    expect((await errorOf(refused)).error.code).toBe('insufficient_quota');
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(refused.headers.get('retry-after')).toBeNull();
    clock.advance(31 * 24 * 60 * 60 * 1000);
    expect((await complete()).status).toBe(200);
  });

  it('gets a Retry-After until the end of the day, and that its client must not retry before', async () => {
    await start({ requestsPerDay: 1 });
    await complete();
    const refused = await complete();
    expect((await errorOf(refused)).error.code).toBe('rate_limit_exceeded');
    expect(refused.headers.get('x-should-retry')).toBe('false');
    const msToMidnight = Number(refused.headers.get('retry-after-ms'));
    expect(msToMidnight).toBeGreaterThan(60_000);
    clock.advance(msToMidnight);
    expect((await complete()).status).toBe(200);
  });

  it('is limited to its concurrent requests, and a refused one is not counted', async () => {
    await start({ concurrentRequests: 1, requestsPerMinute: 3 });
    upstream.onCompletion(hang);
    const abort = new AbortController();
    const first = complete({}, abort.signal);
    await upstream.received();
    const refused = await complete();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('2');
    abort.abort();
    await expect(first).rejects.toThrow();
    await gateway.accessLog(2);
    upstream.onCompletion(replyJson(completion('Hello')));
    expect((await complete()).status).toBe(200);
  });

  it('is granted more tokens than its bucket holds, once the bucket is full', async () => {
    await start({ tokensPerMinute: 5 });
    expect((await complete()).status).toBe(200);
    expect((await complete()).status).toBe(429);
    clock.advance(60_000);
    expect((await complete()).status).toBe(200);
  });

  it('is not charged for what is refused before: 422, 404, an unsupported parameter', async () => {
    await start(
      { requestsPerMinute: 1 },
      {},
      { upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl, models: ['llama-8b'] }] },
    );
    expect((await complete({ n: 'many' })).status).toBe(422);
    expect((await complete({ model: 'unknown' })).status).toBe(404);
    expect((await complete()).status).toBe(200);
  });
});

describe('the defaults', () => {
  it('hold for each key by itself, as far as it has no limit of its own', async () => {
    await start({ tokensPerMinute: 100 }, { default: { requestsPerMinute: 1, tokensPerMinute: 1 } });
    const answer = await complete();
    expect(answer.headers.get('x-ratelimit-limit-requests')).toBe('1');
    expect(answer.headers.get('x-ratelimit-limit-tokens')).toBe('100');
  });

  it('without any limit add no header', async () => {
    await start(undefined);
    expect(rateLimitsOf(await complete())).toEqual({});
  });
});

describe('a request that asks for too much', () => {
  it('is refused before it reaches an engine: max_tokens × the larger of n and best_of × prompts', async () => {
    await start(undefined, { maxTokensPerRequest: 100 });
    const monster = await complete({ prompt: ['a', 'b'], n: 2, best_of: 7 });
    expect(monster.status).toBe(400);
    expect((await errorOf(monster)).error).toMatchObject({
      code: 'max_tokens_per_request_exceeded',
      param: 'max_tokens',
    });
    expect(upstream.requests).toHaveLength(0);
    expect((await complete({ max_tokens: 100 })).status).toBe(200);
    expect((await complete({ max_tokens: undefined, prompt: Array<string>(7).fill('a') })).status).toBe(400);
  });
});

describe('what is reserved is settled', () => {
  const LIMIT = 1_000;

  beforeEach(() => start({ tokensPerMinute: LIMIT, requestsPerMinute: LIMIT }, {}, { routing: { maxAttempts: 1 } }));

  it('with what the upstream says was used', async () => {
    await complete();
    expect(await tokensLeft()).toBe(LIMIT - USED);
  });

  it('with nothing, requests included, when an upstream fails before the first token', async () => {
    for (const failure of [
      reset,
      replyJson({ error: { message: 'no' } }, 500),
      replyJson({ error: { message: 'no' } }, 400),
    ]) {
      upstream.onCompletion(failure);
      expect((await complete()).status).toBeGreaterThanOrEqual(400);
      expect((await complete({ stream: true })).status).toBeGreaterThanOrEqual(400);
    }
    expect(await tokensLeft()).toBe(LIMIT);
    expect((await complete()).headers.get('x-ratelimit-remaining-requests')).toBe(String(LIMIT - 2));
  });

  it('with the prompt and the delivered tokens when a client leaves in the middle of a stream', async () => {
    upstream.onCompletion((response) => {
      beginStream(response);
      response.write(events(chunk(' a'), chunk(' b'), chunk(' c')));
    });
    const abort = new AbortController();
    const response = await complete({ stream: true }, abort.signal);
    await new AnswerReader(response).next();
    abort.abort();
    await gateway.accessLog();
    expect(await tokensLeft()).toBe(LIMIT - 2 - 3);
  });

  it('with the prompt when a client leaves before the first token', async () => {
    upstream.onCompletion(hang);
    const abort = new AbortController();
    const left = complete({}, abort.signal);
    await upstream.received();
    abort.abort();
    await expect(left).rejects.toThrow();
    await gateway.accessLog();
    expect(await tokensLeft()).toBe(LIMIT - 2);
  });

  it('once for a stream that was resumed', async () => {
    await gateway.stop();
    await start({ tokensPerMinute: LIMIT }, {}, { routing: { backoffMs: 1 } });
    upstream.onCompletion((response, request) => {
      const isFirst = upstream.requests.length === 1;
      const reply = isFirst
        ? breakAfter(events(chunk(' a'), chunk(' b')))
        : replyEvents(chunk(' c', 'length'), '[DONE]');
      return reply(response, request);
    });
    const response = await complete({ stream: true, prompt: 'ab', max_tokens: 3, temperature: 0 });
    let text: string | undefined;
    void response.text().then((whole) => (text = whole));
    await until(
      'the stream to end',
      () => text !== undefined,
      () => clock.pendingMs.some((milliseconds) => milliseconds <= 1) && clock.advance(1),
    );
    expect(text).toContain('[DONE]');
    expect(upstream.requests).toHaveLength(2);
    // One token for two bytes of prompt, by the ratio before an upstream has told another, and three for the text.
    expect(await tokensLeft()).toBe(LIMIT - 1 - 3);
  });

  it('with the sum of its parts for a fan-out', async () => {
    await gateway.stop();
    await start(
      { tokensPerMinute: LIMIT },
      {},
      { upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl, engine: 'llama.cpp' }] },
    );
    const answer = await complete({
      prompt: [
        [1, 2],
        [3, 4],
      ],
      n: 2,
    });
    expect(answer.status).toBe(200);
    const { usage } = (await answer.json()) as { usage: { total_tokens: number } };
    expect(await tokensLeft()).toBe(LIMIT - usage.total_tokens);
  });
});

describe('a configuration that is read again', () => {
  it('changes the limits of keys, and what is used stays used', async () => {
    await start({ requestsPerMinute: 10 });
    await complete();
    await gateway.accessLog();
    const { takeConfig } = await import('../src/process/config-reload.js');
    const { GatewayConfig } = await import('../src/config/config.js');
    const apiKeys = [{ id: 'team', hash: hashApiKey(API_KEY), admin: false, limits: { requestsPerMinute: 1 } }];
    takeConfig(gateway.app, Object.assign(new GatewayConfig(), { apiKeys }));
    expect((await complete()).status).toBe(429);
  });
});
