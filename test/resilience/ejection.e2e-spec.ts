import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { completion, FakeUpstream, hang, replyJson, reset } from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
const EJECT_MS = 1_000;

describe('an upstream that keeps failing', () => {
  let bad: FakeUpstream;
  let good: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    bad = await FakeUpstream.start(reset);
    good = await FakeUpstream.start(replyJson(completion('good')));
    const health = { ejectAfterFailures: 3, ejectMs: EJECT_MS };
    gateway = await Gateway.start(
      {
        upstreams: [
          { name: 'bad', baseUrl: bad.baseUrl, health },
          { name: 'good', baseUrl: good.baseUrl, priority: 1, health },
        ],
      },
      clock,
    );
  });

  afterEach(async () => {
    await gateway.stop();
    await good.stop();
    await bad.stop();
  });

  /** Every client gets an answer, whatever happens. */
  async function ask(times = 1): Promise<void> {
    for (let i = 0; i < times; i++) expect((await gateway.complete(REQUEST)).status).toBe(200);
  }

  it('gets no request while it is ejected, then one, and all when that one succeeds', async () => {
    await ask(10);
    expect([bad.requests.length, good.requests.length]).toEqual([3, 10]);
    clock.advance(EJECT_MS - 1);
    await ask();
    expect(bad.requests).toHaveLength(3);
    clock.advance(1);
    // The trial fails: the next ejection lasts twice as long.
    await ask(5);
    expect([bad.requests.length, good.requests.length]).toEqual([4, 16]);
    clock.advance(2 * EJECT_MS);
    bad.onCompletion(replyJson(completion('recovered')));
    await ask(5);
    expect([bad.requests.length, good.requests.length]).toEqual([9, 16]);
  });

  it('is tried by one request at a time, and by the next when its client disconnects', async () => {
    await ask(3);
    clock.advance(EJECT_MS);
    bad.onCompletion(hang);
    const client = new AbortController();
    const trial = gateway.complete(REQUEST, { signal: client.signal });
    const request = await bad.received(4);
    await ask(5);
    expect([bad.requests.length, good.requests.length]).toEqual([4, 8]);
    client.abort();
    await expect(trial).rejects.toThrow();
    await request.aborted;
    bad.onCompletion(replyJson(completion('recovered')));
    await gateway.accessLog(9);
    await ask(2);
    expect([bad.requests.length, good.requests.length]).toEqual([6, 8]);
  });

  it('is asked all the same when there is no other: that beats a certain 503', async () => {
    await ask(3);
    await good.stop();
    bad.onCompletion(replyJson(completion('recovered')));
    await ask();
    expect(bad.requests).toHaveLength(4);
  });

  it.each([400, 404, 422, 429])('is not ejected for %i', async (status) => {
    bad.onCompletion(replyJson({ error: { message: 'no' } }, status, { 'retry-after': '0' }));
    for (let i = 0; i < 5; i++) await (await gateway.complete(REQUEST)).text();
    expect(bad.requests).toHaveLength(5);
  });

  it('is not ejected for clients that disconnect', async () => {
    bad.onCompletion(hang);
    for (let i = 1; i <= 5; i++) {
      const client = new AbortController();
      const pending = gateway.complete(REQUEST, { signal: client.signal });
      const request = await bad.received(i);
      client.abort();
      await expect(pending).rejects.toThrow();
      await request.aborted;
    }
    bad.onCompletion(replyJson(completion('well')));
    await ask();
    expect([bad.requests.length, good.requests.length]).toEqual([6, 0]);
  });
});
