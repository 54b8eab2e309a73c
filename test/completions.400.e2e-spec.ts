import { afterEach, describe, expect, it } from '@jest/globals';
import { completion, FakeUpstream, hang, replyAsAsked, replyJson } from './support/fake-upstream.js';
import { errorOf, Gateway } from './support/gateway.js';

describe('POST /v1/completions that not every upstream can do', () => {
  const running: { stop(): Promise<void> }[] = [];

  afterEach(async () => {
    for (const each of running.splice(0).reverse()) await each.stop();
  });

  async function upstream(behaviour = replyAsAsked): Promise<FakeUpstream> {
    const fake = await FakeUpstream.start(behaviour);
    running.push(fake);
    return fake;
  }

  async function gatewayFor(...upstreams: object[]): Promise<Gateway> {
    const gateway = await Gateway.start({ upstreams });
    running.push(gateway);
    return gateway;
  }

  const refusal = (param: string, asks: string): object => {
    const message = `No upstream of this model supports ${asks}.`;
    return {
      detail: message,
      error: { message, type: 'invalid_request_error', param, code: 'unsupported_parameter' },
    };
  };

  it('answers 400 with the parameter, and asks no upstream, when none supports it', async () => {
    const [first, second] = [await upstream(), await upstream()];
    const gateway = await gatewayFor(
      { name: 'first', baseUrl: first.baseUrl, engine: 'ollama' },
      { name: 'second', baseUrl: second.baseUrl, engine: 'tgi' },
    );
    const response = await gateway.complete({ model: 'm', prompt: 'Hi', logit_bias: { '5': 1 } });
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toEqual(refusal('logit_bias', 'a bias on tokens'));
    expect([...first.requests, ...second.requests]).toEqual([]);
  });

  it('asks only the one that supports it', async () => {
    const [lacks, has] = [await upstream(), await upstream()];
    const gateway = await gatewayFor(
      { name: 'lacks', baseUrl: lacks.baseUrl, engine: 'ollama' },
      { name: 'has', baseUrl: has.baseUrl, engine: 'vllm', priority: 1 },
    );
    expect((await gateway.complete({ model: 'm', prompt: [5, 6] })).status).toBe(200);
    expect(lacks.requests).toEqual([]);
    expect(has.lastRequest.body.prompt).toEqual([5, 6]);
  });

  it('prefers the one that supports it natively, as long as it has a free slot', async () => {
    const [emulating, native] = [await upstream(), await upstream()];
    const gateway = await gatewayFor(
      { name: 'emulating', baseUrl: emulating.baseUrl, engine: 'llama.cpp', weight: 100 },
      { name: 'native', baseUrl: native.baseUrl, engine: 'vllm', maxConcurrency: 1 },
    );
    for (let count = 0; count < 10; count++) await gateway.complete({ model: 'm', prompt: 'Hi', n: 2 });
    expect([native.requests.length, emulating.requests.length]).toEqual([10, 0]);

    native.onCompletion(hang);
    const waiting = gateway.complete({ model: 'm', prompt: 'Hi', n: 2 }).catch(() => undefined);
    await native.received(11);
    expect((await gateway.complete({ model: 'm', prompt: 'Hi', n: 2 })).status).toBe(200);
    expect(emulating.requests).toHaveLength(2);
    await native.stop();
    await waiting;
  });

  it('falls back when one has ignored the parameter, and answers 400 when there is no other', async () => {
    const [deaf, good] = [await upstream(replyJson(completion('Hello'))), await upstream()];
    const gateway = await gatewayFor(
      { name: 'deaf', baseUrl: deaf.baseUrl },
      { name: 'good', baseUrl: good.baseUrl, priority: 1 },
    );
    const scored = await gateway.complete({ model: 'm', prompt: 'Hi', logprobs: 1 });
    expect(scored.status).toBe(200);
    expect([deaf.requests.length, good.requests.length]).toEqual([1, 1]);
    const alone = await gatewayFor({ name: 'deaf', baseUrl: deaf.baseUrl });
    const refused = await alone.complete({ model: 'm', prompt: 'Hi', n: 2 });
    expect(refused.status).toBe(400);
    expect(await errorOf(refused)).toEqual(refusal('n', '`n` as it was given'));
    // No retry: it would ignore it again.
    expect(deaf.requests).toHaveLength(2);
  });

  it('ejects no upstream that ignores a parameter', async () => {
    const deaf = await upstream(replyJson(completion('Hello')));
    const gateway = await gatewayFor({ name: 'deaf', baseUrl: deaf.baseUrl, health: { ejectAfterFailures: 1 } });
    expect((await gateway.complete({ model: 'm', prompt: 'Hi', echo: true })).status).toBe(400);
    expect((await gateway.complete({ model: 'm', prompt: 'Hi' })).status).toBe(200);
  });

  it('answers 400, not 502, when an engine reports a fault of the request as a 500', async () => {
    const error = { message: 'Unsupported param: echo', type: 'server_error', code: 500 };
    const old = await upstream(replyJson({ error }, 500));
    const gateway = await gatewayFor({ name: 'old', baseUrl: old.baseUrl, engine: 'llama.cpp' });
    const response = await gateway.complete({ model: 'm', prompt: 'Hi' });
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error.message).toBe('Unsupported param: echo');
  });
});

describe('POST /v1/completions in parts', () => {
  it.each([
    ['fanOut', { fanOut: 2 }],
    ['maxConcurrency', { fanOut: 5, maxConcurrency: 2 }],
  ])('has no more of them in flight than `%s`', async (_, limits) => {
    const held: (() => void)[] = [];
    const fake = await FakeUpstream.start((response, request) => {
      held.push(() => void replyAsAsked(response, request));
    });
    const gateway = await Gateway.inFrontOf(fake, { upstream: { engine: 'llama.cpp', ...limits } });
    const answer = gateway.complete({ model: 'm', prompt: ['a', 'b', 'c'], n: 3 });
    for (let answered = 0; answered < 9; answered++) {
      await fake.received(Math.min(answered + 2, 9));
      // A part too many would have arrived by the time that the gateway answers this.
      await gateway.get('/v1/models');
      expect(fake.requests.length).toBe(Math.min(answered + 2, 9));
      held.shift()?.();
    }
    const { choices } = (await (await answer).json()) as { choices: { index: number }[] };
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await gateway.stop();
    await fake.stop();
  });
});
