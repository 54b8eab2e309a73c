import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chunk, completion, FakeUpstream, replyEvents, replyJson } from '../support/fake-upstream.js';
import { errorOf, Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { until } from '../support/wait.js';

const QUEUE_TIMEOUT_MS = 1_000;

describe('POST /v1/completions when the upstream is full', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;
  /** Lets the upstream answer its oldest request. */
  let answerOne: () => void;
  /** Timers without any request. */
  let idleTimers: number;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    const held: (() => void)[] = [];
    upstream.onCompletion((response, request) => {
      held.push(() => void replyJson(completion(`to ${String(request.body.prompt)}`))(response, request));
    });
    answerOne = () => held.shift()?.();
    await start();
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  async function start(others: object[] = []): Promise<void> {
    const upstreams = [{ name: 'full', baseUrl: upstream.baseUrl, maxConcurrency: 1 }, ...others];
    gateway = await Gateway.start({ upstreams, routing: { maxQueue: 2, queueTimeoutMs: QUEUE_TIMEOUT_MS } }, clock);
    idleTimers = clock.pendingCount;
  }

  const ask = (prompt: string, signal?: AbortSignal): Promise<Response> =>
    gateway.complete({ model: 'test-model', prompt }, signal ? { signal } : {});

  /** Each queued request has a timer, the queue has one, and so has the request in flight. */
  async function isQueued(count: number): Promise<void> {
    const timers = idleTimers + 1 + count + Math.sign(count);
    await until(`${count} in the queue`, () => clock.pendingCount === timers);
  }

  /** One in flight, and two in the queue, in this order. */
  async function fill(signal?: AbortSignal): Promise<[Promise<Response>, Promise<Response>, Promise<Response>]> {
    const first = ask('first');
    await upstream.received();
    const second = ask('second', signal);
    await isQueued(1);
    const third = ask('third');
    await isQueued(2);
    return [first, second, third];
  }

  const prompts = (): unknown[] => upstream.requests.map(({ body }) => body.prompt);

  async function expectAnswer(pending: Promise<Response>, prompt: string): Promise<void> {
    const response = await pending;
    expect([response.status, await response.json()]).toEqual([200, completion(`to ${prompt}`)]);
  }

  async function expectBusy(pending: Promise<Response>): Promise<void> {
    const response = await pending;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await errorOf(response)).error).toEqual({
      message: 'Every upstream of this model is busy. Try again later.',
      type: 'upstream_error',
      param: null,
      code: 'no_upstream_available',
    });
  }

  it('serves requests in the order of arrival, one at a time', async () => {
    const [first, second, third] = await fill();
    expect(prompts()).toEqual(['first']);
    answerOne();
    await expectAnswer(first, 'first');
    await upstream.received(2);
    expect(prompts()).toEqual(['first', 'second']);
    answerOne();
    await expectAnswer(second, 'second');
    await upstream.received(3);
    answerOne();
    await expectAnswer(third, 'third');
    expect(prompts()).toEqual(['first', 'second', 'third']);
    expect(clock.pendingCount).toBe(idleTimers);
  });

  it('answers 503 with Retry-After at once when the queue is full, and serves the others', async () => {
    const [first, second, third] = await fill();
    await expectBusy(ask('fourth'));
    for (const [index, [prompt, pending]] of Object.entries({ first, second, third }).entries()) {
      await upstream.received(index + 1);
      answerOne();
      await expectAnswer(pending, prompt);
    }
    expect(prompts()).toEqual(['first', 'second', 'third']);
    const busy = (await gateway.accessLog(4)).find(({ status }) => status === 503);
    expect(busy).toMatchObject({ errorCode: 'no_upstream_available', errorReason: 'the queue is full' });
    expect(busy).not.toHaveProperty('attempts');
  });

  it('answers 503 with Retry-After after `queueTimeoutMs`', async () => {
    const [first, second, third] = await fill();
    clock.advance(QUEUE_TIMEOUT_MS);
    await expectBusy(second);
    await expectBusy(third);
    answerOne();
    await expectAnswer(first, 'first');
    expect(prompts()).toEqual(['first']);
  });

  it('forgets a client that disconnects while it waits, and serves the next', async () => {
    const client = new AbortController();
    const [first, second, third] = await fill(client.signal);
    client.abort();
    await expect(second).rejects.toThrow();
    await isQueued(1);
    answerOne();
    await expectAnswer(first, 'first');
    await upstream.received(2);
    answerOne();
    await expectAnswer(third, 'third');
    expect(prompts()).toEqual(['first', 'third']);
    const gone = (await gateway.accessLog(3)).find(({ status }) => status === 499);
    expect(gone).not.toHaveProperty('attempts');
  });

  it('gives the slot of a client that disconnects to the next in the queue', async () => {
    const client = new AbortController();
    const first = ask('first', client.signal);
    const request = await upstream.received();
    const second = ask('second');
    await isQueued(1);
    client.abort();
    await expect(first).rejects.toThrow();
    await request.aborted;
    await upstream.received(2);
    answerOne();
    answerOne();
    await expectAnswer(second, 'second');
  });

  it('asks an upstream of the next priority before a request waits', async () => {
    await gateway.stop();
    const other = await FakeUpstream.start(replyJson(completion('from the other')));
    await start([{ name: 'other', baseUrl: other.baseUrl, priority: 1 }]);
    const first = ask('first');
    await upstream.received();
    const second = await ask('second');
    expect([second.status, await second.json()]).toEqual([200, completion('from the other')]);
    answerOne();
    await expectAnswer(first, 'first');
    expect([prompts(), other.requests.length]).toEqual([['first'], 1]);
    await other.stop();
  });

  it('retries an upstream that failed rather than wait for one that is full', async () => {
    await gateway.stop();
    const broken = await FakeUpstream.start(replyEvents(chunk('Once')));
    await start([{ name: 'broken', baseUrl: broken.baseUrl, priority: 1 }]);
    const first = ask('first');
    await upstream.received();
    broken.onCompletion(async (response, request) => {
      broken.onCompletion(replyEvents(chunk(' upon', 'stop'), '[DONE]'));
      await replyEvents(chunk('Once'))(response, request);
    });
    const pending = gateway.complete({ model: 'test-model', prompt: 'second', stream: true });
    await broken.received();
    // It waits for the back-off before the same upstream, not in the queue.
    await until(
      'the second attempt',
      () => broken.requests.length >= 2,
      () => clock.advance(100),
    );
    expect(await (await pending).text()).toContain(' upon');
    expect(prompts()).toEqual(['first']);
    answerOne();
    await expectAnswer(first, 'first');
    await broken.stop();
  });

  it('keeps a queue for each model: the backlog of one delays no other', async () => {
    await gateway.stop();
    const other = await FakeUpstream.start();
    const held: (() => void)[] = [];
    other.onCompletion((response, request) => {
      held.push(() => void replyJson(completion('Hello'))(response, request));
    });
    await start([{ name: 'other', baseUrl: other.baseUrl, maxConcurrency: 1, models: ['other-model'] }]);
    const backlog = await fill();
    const others = [1, 2].map(() => gateway.complete({ model: 'other-model', prompt: 'Hi' }));
    for (const [index, pending] of others.entries()) {
      await other.received(index + 1);
      held.shift()?.();
      expect((await pending).status).toBe(200);
    }
    for (const [index] of backlog.entries()) {
      await upstream.received(index + 1);
      answerOne();
    }
    await Promise.all(backlog);
    await other.stop();
  });

  it('gives a slot that a part of a split request has freed to the next in the queue, at once', async () => {
    await gateway.stop();
    const split = { maxConcurrency: 2, fanOut: 2, capabilities: { n: 'emulate' } };
    gateway = await Gateway.inFrontOf(upstream, { clock, upstream: split });
    idleTimers = clock.pendingCount;
    const pair = gateway.complete({ model: 'test-model', prompt: 'pair', n: 2 });
    await upstream.received(2);
    const next = ask('next');
    await until('one in the queue', () => clock.pendingCount === idleTimers + 2 + 2);
    answerOne();
    await upstream.received(3);
    expect(prompts()).toEqual(['pair', 'pair', 'next']);
    answerOne();
    answerOne();
    expect([(await pair).status, (await next).status]).toEqual([200, 200]);
  });
});
