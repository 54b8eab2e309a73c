import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { completion, FakeUpstream, hang, replyJson } from '../support/fake-upstream.js';
import { errorOf, Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { until } from '../support/wait.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
/** Retries that are allowed in any ten seconds, however few requests there are. */
const MIN_RETRIES = 3;
/** So many come at once, each tenth of a second, for ten seconds. */
const REQUESTS_PER_STEP = 5;
const STEP_MS = 100;
const STEPS = 100;

describe('a storm: every upstream answers 503', () => {
  let upstreams: FakeUpstream[];
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    upstreams = await Promise.all([0, 1, 2].map(() => FakeUpstream.start()));
    const configs = upstreams.map(({ baseUrl }, index) => ({ name: `upstream-${index}`, baseUrl }));
    gateway = await Gateway.start({ upstreams: configs }, clock);
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  });

  function answerAll(status: number): void {
    const body = status === 200 ? completion('Good') : { error: { message: 'overloaded' } };
    for (const upstream of upstreams) upstream.onCompletion(replyJson(body, status));
  }

  const requestCount = (): number => upstreams.reduce((sum, { requests }) => sum + requests.length, 0);

  /** Lets time pass, for the back-off, until all have their answers. */
  async function settled(pending: Promise<Response>[]): Promise<Response[]> {
    const open = new Set(pending);
    for (const each of pending) void each.finally(() => open.delete(each));
    await until(
      'every answer',
      () => open.size === 0,
      () => clock.advance(1),
    );
    return Promise.all(pending);
  }

  it('sends at most 1.2 times the load, answers every client with Retry-After, and serves as soon as one recovers', async () => {
    answerAll(503);
    const pending: Promise<Response>[] = [];
    for (let step = 0; step < STEPS; step++) {
      for (let i = 0; i < REQUESTS_PER_STEP; i++) pending.push(gateway.complete(REQUEST));
      // Time goes on when the upstreams have got as many.
      await until('the requests of the step', () => requestCount() >= pending.length);
      clock.advance(STEP_MS);
    }
    const clientCount = STEPS * REQUESTS_PER_STEP;
    expect(requestCount()).toBeLessThanOrEqual(1.2 * clientCount);
    const responses = await settled(pending);
    expect(responses).toHaveLength(clientCount);
    for (const response of responses) {
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect((await errorOf(response)).error).toEqual({
        message: 'No upstream of this model is ready. Try again later.',
        type: 'upstream_error',
        param: null,
        code: 'no_upstream_available',
      });
    }
    // Some were retried, within the budget.
    expect(requestCount()).toBeGreaterThan(clientCount);
    expect(requestCount()).toBeLessThanOrEqual(1.2 * clientCount + MIN_RETRIES);

    answerAll(200);
    for (let i = 0; i < 20; i++) {
      const response = await gateway.complete(REQUEST);
      expect([response.status, await response.json()]).toEqual([200, completion('Good')]);
    }
  });

  it('retries nothing with a budget of 0', async () => {
    await gateway.stop();
    const configs = upstreams.map(({ baseUrl }, index) => ({ name: `upstream-${index}`, baseUrl }));
    gateway = await Gateway.start({ upstreams: configs, routing: { retryBudgetPercent: 0 } }, clock);
    answerAll(503);
    for (const response of await settled(Array.from({ length: 50 }, () => gateway.complete(REQUEST)))) {
      expect(response.status).toBe(503);
    }
    expect(requestCount()).toBe(50);
  });

  it('keeps to the budget beside an upstream that is healthy but full', async () => {
    await gateway.stop();
    const [failing, full] = upstreams as [FakeUpstream, FakeUpstream];
    failing.onCompletion(replyJson({ error: { message: 'overloaded' } }, 503));
    full.onCompletion(hang);
    // It is never ejected, as if it failed only now and then.
    const health = { ejectAfterFailures: 1_000_000 };
    const configs = [
      { name: 'full', baseUrl: full.baseUrl, maxConcurrency: 1 },
      { name: 'failing', baseUrl: failing.baseUrl, priority: 1, health },
    ];
    gateway = await Gateway.start({ upstreams: configs }, clock);
    const client = new AbortController();
    const first = gateway.complete(REQUEST, { signal: client.signal });
    await full.received();
    const clientCount = 100;
    const pending = Array.from({ length: clientCount }, () => gateway.complete(REQUEST));
    for (const response of await settled(pending)) expect(response.status).toBe(503);
    expect(failing.requests.length).toBeLessThanOrEqual(1.2 * clientCount + 1);
    client.abort();
    await expect(first).rejects.toThrow('aborted');
  });

  it('charges the budget for retries, and not for other failures', async () => {
    await gateway.stop();
    const [only] = upstreams as [FakeUpstream];
    const health = { ejectAfterFailures: 1_000_000 };
    const routing = { backoffMs: 0, maxRetryAfterMs: 1_000 };
    gateway = await Gateway.start({ upstreams: [{ name: 'only', baseUrl: only.baseUrl, health }], routing }, clock);
    const tooLate = { 'retry-after': '60' };
    only.onCompletion(replyJson({ error: { message: 'overloaded' } }, 503, tooLate));
    for (let count = 0; count < 2 * MIN_RETRIES; count++) expect((await gateway.complete(REQUEST)).status).toBe(503);
    expect(only.requests).toHaveLength(2 * MIN_RETRIES);
    only.onCompletion((response, request) => {
      only.onCompletion(replyJson(completion('Good')));
      return replyJson({ error: { message: 'overloaded' } }, 503)(response, request);
    });
    expect((await gateway.complete(REQUEST)).status).toBe(200);
  });

  it('leaves each model a budget of its own', async () => {
    await gateway.stop();
    const [only] = upstreams as [FakeUpstream];
    const health = { ejectAfterFailures: 1_000_000 };
    const routing = { backoffMs: 0 };
    gateway = await Gateway.start({ upstreams: [{ name: 'only', baseUrl: only.baseUrl, health }], routing }, clock);
    only.onCompletion(replyJson({ error: { message: 'overloaded' } }, 503));
    for (let count = 0; count < 20; count++) await gateway.complete(REQUEST);
    only.onCompletion((response, request) => {
      only.onCompletion(replyJson(completion('Good')));
      return replyJson({ error: { message: 'overloaded' } }, 503)(response, request);
    });
    expect((await gateway.complete({ ...REQUEST, model: 'another' })).status).toBe(200);
  });
});
