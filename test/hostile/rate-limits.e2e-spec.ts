import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Behaviour, completion, FakeUpstream, replyJson } from '../support/fake-upstream.js';
import { errorOf, Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';

const LATER = { error: { message: 'later' } };
const REQUESTS = 50;
const TRIAL_INTERVAL_MS = 5_000;

/** `busy` is at its rate limit, every other model is served. */
function busyModel(headers: Record<string, string>): Behaviour {
  return (response, request) =>
    (request.body.model === 'busy' ? replyJson(LATER, 429, headers) : replyJson(completion('Good')))(response, request);
}

describe('an upstream that says 429 to one model', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { clock });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const statusOf = async (model: string): Promise<number> => {
    const response = await gateway.complete({ model, prompt: 'p' });
    await response.text();
    return response.status;
  };

  const countOf = (model: string): number => upstream.requests.filter(({ body }) => body.model === model).length;

  it.each<[string, Record<string, string>]>([
    ['with a Retry-After', { 'retry-after': '20' }],
    ['without one', {}],
  ])('serves the other models as before: a 429 %s', async (_, headers) => {
    upstream.onCompletion(busyModel(headers));
    const statuses: number[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      expect(await statusOf('busy')).toBe(429);
      statuses.push(await statusOf('quiet'));
      clock.advance(50);
    }
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(countOf('quiet')).toBe(REQUESTS);
  });

  it('gets only one trial request every 5 s for that model while its Retry-After lasts', async () => {
    upstream.onCompletion(busyModel({ 'retry-after': '60' }));
    const steps = 50;
    for (let i = 0; i < steps; i++) {
      expect(await statusOf('busy')).toBe(429);
      clock.advance(1_000);
    }
    expect(countOf('busy')).toBe((steps * 1_000) / TRIAL_INTERVAL_MS);
  });

  it('serves that model again as soon as a trial succeeds, however wrong its Retry-After was', async () => {
    upstream.onCompletion(busyModel({ 'retry-after': '86400' }));
    expect(await statusOf('busy')).toBe(429);
    upstream.onCompletion(replyJson(completion('Good')));
    clock.advance(TRIAL_INTERVAL_MS - 1);
    expect(await statusOf('busy')).toBe(429);
    clock.advance(1);
    for (let i = 0; i < 5; i++) expect(await statusOf('busy')).toBe(200);
  });

  it('passes on no Retry-After beyond `maxRestMs`', async () => {
    upstream.onCompletion(busyModel({ 'retry-after': '86400' }));
    await statusOf('busy');
    const response = await gateway.complete({ model: 'busy', prompt: 'p' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await errorOf(response)).error.code).toBe('rate_limit_exceeded');
  });

  it('gets each request once while it gives no Retry-After, and its 429 is passed on', async () => {
    upstream.onCompletion(busyModel({}));
    for (let i = 1; i <= 5; i++) {
      const response = await gateway.complete({ model: 'busy', prompt: 'p' });
      expect([response.status, response.headers.get('retry-after'), countOf('busy')]).toEqual([429, '1', i]);
      expect((await errorOf(response)).error.message).toBe('later');
    }
  });

  it('is the last choice for a second after a 429 without a Retry-After', async () => {
    await gateway.stop();
    const other = await FakeUpstream.start(replyJson(completion('from the other')));
    const upstreams = [
      { name: 'first', baseUrl: upstream.baseUrl },
      { name: 'other', baseUrl: other.baseUrl, priority: 1 },
    ];
    gateway = await Gateway.start({ upstreams }, clock);
    upstream.onCompletion(busyModel({}));
    const countsAfterOne = async (): Promise<number[]> => {
      expect(await statusOf('busy')).toBe(200);
      return [countOf('busy'), other.requests.length];
    };
    expect(await countsAfterOne()).toEqual([1, 1]);
    clock.advance(999);
    expect(await countsAfterOne()).toEqual([1, 2]);
    expect(await statusOf('quiet')).toBe(200);
    expect([countOf('quiet'), other.requests.length]).toEqual([1, 2]);
    clock.advance(1);
    expect(await countsAfterOne()).toEqual([2, 3]);
    await other.stop();
  });

  it('causes no storm: three upstreams that say 429 get at most 1.2 times the load', async () => {
    await gateway.stop();
    const others = await Promise.all([0, 1].map(() => FakeUpstream.start(replyJson(LATER, 429))));
    upstream.onCompletion(replyJson(LATER, 429));
    const all = [upstream, ...others];
    gateway = await Gateway.start({ upstreams: all.map(({ baseUrl }, i) => ({ name: `u${i}`, baseUrl })) }, clock);
    for (let i = 0; i < REQUESTS; i++) expect(await statusOf('busy')).toBe(429);
    const count = all.reduce((sum, { requests }) => sum + requests.length, 0);
    expect(count).toBeLessThanOrEqual(1.2 * REQUESTS + 3);
    await Promise.all(others.map((each) => each.stop()));
  });
});
