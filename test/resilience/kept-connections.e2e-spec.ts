import { afterEach, describe, expect, it } from '@jest/globals';
import { type Behaviour, completion, FakeUpstream, replyJson, reset } from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';

const REQUEST = { model: 'm', prompt: 'p', max_tokens: 4 };
const answer = replyJson(completion('Hello'));

/** llama-server and others close a kept connection at the moment at which it gets the next request. */
describe('a kept connection that its server closes', () => {
  let upstreams: FakeUpstream[] = [];
  let gateway: Gateway;

  afterEach(async () => {
    await gateway.stop();
    await Promise.all(upstreams.map((upstream) => upstream.stop()));
  });

  /** Every upstream has answered once, and so has a kept connection. */
  async function start(count: number, upstream: object, routing: object): Promise<void> {
    upstreams = await Promise.all(Array.from({ length: count }, () => FakeUpstream.start(answer)));
    const health = { ejectAfterFailures: 1_000 };
    gateway = await Gateway.start({
      upstreams: upstreams.map(({ baseUrl }, i) => ({
        name: `u${i}`,
        baseUrl,
        health,
        models: [`m${i}`, 'm'],
        ...upstream,
      })),
      routing,
    });
    for (const i of upstreams.keys()) expect((await gateway.complete({ ...REQUEST, model: `m${i}` })).status).toBe(200);
  }

  const requestCount = (): number =>
    upstreams.reduce((sum, { requests }) => sum + requests.length, 0) - upstreams.length;

  /** Resets the connection of the next request, and answers those behind it. */
  function resetFirst(): Behaviour {
    let isFirst = true;
    return (...args) => {
      const behaviour = isFirst ? reset : answer;
      isFirst = false;
      return behaviour(...args);
    };
  }

  it('costs no attempt: the request goes out again on a new one', async () => {
    await start(1, {}, { maxAttempts: 1 });
    upstreams[0]?.onCompletion(resetFirst());
    expect((await gateway.complete(REQUEST)).status).toBe(200);
    expect(requestCount()).toBe(2);
    const line = (await gateway.accessLog()).at(-1);
    expect(line).toMatchObject({ status: 200, attempts: 1 });
  });

  it('costs one part of a split request nothing either', async () => {
    await start(1, { engine: 'llama-cpp-python', maxConcurrency: 1 }, { maxAttempts: 1 });
    upstreams[0]?.onCompletion(resetFirst());
    const response = await gateway.complete({ ...REQUEST, prompt: ['a', 'b', 'c'] });
    expect(response.status).toBe(200);
    expect(requestCount()).toBe(4);
  });

  it('is not tried with a body that is too large to be kept: that gets a new one', async () => {
    await start(1, {}, { maxAttempts: 1 });
    expect(await upstreams[0]?.openConnections()).toBe(1);
    expect((await gateway.complete({ ...REQUEST, prompt: 'p'.repeat(100_000) })).status).toBe(200);
    expect(await upstreams[0]?.openConnections()).toBe(2);
  });

  it('is told from a server that breaks each: the request is not sent a third time', async () => {
    await start(3, {}, { backoffMs: 1, retryBudgetPercent: 100 });
    for (const upstream of upstreams) upstream.onCompletion(reset);
    expect((await gateway.complete(REQUEST)).status).toBe(502);
    expect(requestCount()).toBe(2);
  });

  it('is told from a server that has died: the request goes to the next', async () => {
    await start(2, {}, { backoffMs: 1, retryBudgetPercent: 100 });
    const died: Promise<void>[] = [];
    for (const upstream of upstreams)
      upstream.onCompletion((response, request) => {
        upstream.onCompletion(answer);
        if (died.length > 0) return answer(response, request);
        died.push(upstream.stop());
      });
    expect((await gateway.complete(REQUEST)).status).toBe(200);
    await Promise.all(died);
    expect(requestCount()).toBe(2);
    const line = (await gateway.accessLog()).at(-1);
    expect(line).toMatchObject({ status: 200, attempts: 2 });
  });
});
