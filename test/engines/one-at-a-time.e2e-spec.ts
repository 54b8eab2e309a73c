import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { completion, FakeUpstream, type ReceivedRequest, replyJson } from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';
import { settled } from '../support/settled.js';

const REQUEST = { model: 'test-model', prompt: 'p' };

describe('an engine that does one request at a time', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway | undefined;
  let finish: (() => void)[];

  beforeEach(async () => {
    finish = [];
    upstream = await FakeUpstream.start(async (response, request: ReceivedRequest) => {
      await new Promise<void>((resolve) => finish.push(resolve));
      await replyJson(completion('Hello'))(response, request);
    });
  });

  afterEach(async () => {
    await gateway?.stop();
    await upstream.stop();
  });

  async function start(options: object = {}): Promise<Gateway> {
    return (gateway = await Gateway.inFrontOf(upstream, { upstream: { engine: 'llama-cpp-python', ...options } }));
  }

  it('gets the next request when the one before has its answer', async () => {
    const running = await start();
    const answers = [running.complete(REQUEST), running.complete(REQUEST)];
    await upstream.received(1);
    await settled(() => upstream.requests.length);
    expect(upstream.requests).toHaveLength(1);
    finish[0]?.();
    await upstream.received(2);
    finish[1]?.();
    for (const answer of answers) expect((await answer).status).toBe(200);
  });

  it('gets the parts of a request one after the other', async () => {
    const running = await start({ fanOut: 4 });
    const answer = running.complete({ ...REQUEST, n: 2 });
    await upstream.received(1);
    await settled(() => upstream.requests.length);
    expect(upstream.requests).toHaveLength(1);
    finish[0]?.();
    await upstream.received(2);
    finish[1]?.();
    expect((await answer).status).toBe(200);
  });

  it('gets as many as `maxConcurrency` says, where it is configured', async () => {
    const running = await start({ maxConcurrency: 2 });
    const answers = [running.complete(REQUEST), running.complete(REQUEST)];
    await upstream.received(2);
    for (const each of finish) each();
    for (const answer of answers) expect((await answer).status).toBe(200);
  });
});
