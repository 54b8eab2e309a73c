import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type Behaviour,
  breakAfter,
  chunk,
  completion,
  events,
  FakeUpstream,
  replyJson,
  reset,
} from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';

const REQUEST = { model: 'm', prompt: 'p', max_tokens: 100 };
const ROUTING = { backoffMs: 1, retryBudgetPercent: 100 };
/** No upstream is ejected. */
const HEALTH = { ejectAfterFailures: 1_000_000 };

const breakAfterOneToken = breakAfter(events(chunk('a')));

const cutTheAnswer: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
  response.write('{"choices":', () => response.socket?.destroy());
};

describe('one request of a client to engines that break off', () => {
  let upstreams: FakeUpstream[] = [];
  let gateway: Gateway;

  afterEach(async () => {
    await gateway.stop();
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  });

  async function start(behaviours: Behaviour[], options: object = {}, routing: object = {}): Promise<void> {
    upstreams = await Promise.all(behaviours.map((behaviour) => FakeUpstream.start(behaviour)));
    const configs = upstreams.map(({ baseUrl }, i) => ({ name: `u${i}`, baseUrl, health: HEALTH, ...options }));
    gateway = await Gateway.start({ upstreams: configs, routing: { ...ROUTING, ...routing } });
  }

  const requestCount = (): number => upstreams.reduce((sum, { requests }) => sum + requests.length, 0);

  it.each([1, 3])('is 4 attempts by default, resumes included, when %i break off after each token', async (count) => {
    await start(Array<Behaviour>(count).fill(breakAfterOneToken));
    await (await gateway.complete({ ...REQUEST, stream: true })).text();
    expect(requestCount()).toBe(4);
    const [line] = await gateway.accessLog();
    expect(line?.attempts).toBe(4);
  });

  it.each<[string, Behaviour, number]>([
    ['within each answer', cutTheAnswer, 1],
    ['within each answer, and there are several', cutTheAnswer, 6],
    ['before each answer', reset, 1],
    ['before each answer, and there are several', reset, 6],
  ])('is not sent a third time when they break off %s', async (_, behaviour, count) => {
    await start(Array<Behaviour>(count).fill(behaviour));
    expect((await gateway.complete(REQUEST)).status).toBe(502);
    expect(requestCount()).toBe(2);
  });

  it('ejects no live engine, however often the client sends it again', async () => {
    const poisoned: Behaviour = (response, request) =>
      request.body.prompt === 'poison' ? reset(response, request) : replyJson(completion('alive'))(response, request);
    await start(Array<Behaviour>(2).fill(poisoned), { health: { ejectAfterFailures: 2 } });
    for (let i = 0; i < 6; i++) await gateway.complete({ ...REQUEST, prompt: 'poison' });
    for (let i = 0; i < 6; i++) expect((await gateway.complete(REQUEST)).status).toBe(200);
    const upstreamsOf = (await gateway.accessLog(12)).filter(({ status }) => status === 200);
    expect(upstreamsOf.every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it('is at most `maxAttempts` times its parts, where it is split', async () => {
    await start([cutTheAnswer], { capabilities: { n: 'emulate' }, fanOut: 3 }, { maxAttempts: 2 });
    await (await gateway.complete({ ...REQUEST, n: 9 })).text();
    // Each attempt ends with the first part that fails: no more than `fanOut` of them have begun.
    expect(requestCount()).toBeLessThanOrEqual(2 * 3);
  });

  it('finds the one live engine behind ten that refuse connections', async () => {
    await start([...Array<Behaviour>(10).fill(reset), replyJson(completion('alive'))]);
    await Promise.all(upstreams.slice(0, 10).map((upstream) => upstream.stop()));
    for (let i = 0; i < 20; i++) expect((await gateway.complete(REQUEST)).status).toBe(200);
  });

  it('tries each engine that refuses connections once besides the attempts', async () => {
    await start(Array<Behaviour>(5).fill(reset));
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
    expect((await gateway.complete(REQUEST)).status).toBe(503);
    const [line] = await gateway.accessLog();
    expect(line?.attempts).toBeLessThanOrEqual(5 + 4);
  });
});
