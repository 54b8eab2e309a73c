import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Gateway } from '../support/gateway.js';
import { describeWithLlamaServer } from '../support/live-engines.js';
import { LlamaServer } from '../support/llama-server.js';
import { until } from '../support/wait.js';

const SLOTS = 4;
const STORY = { model: 'storyteller', prompt: 'Once upon a time', temperature: 0, max_tokens: 480, ignore_eos: true };

describeWithLlamaServer('llama-server, when the client of the gateway disconnects', () => {
  let server: LlamaServer;
  let gateway: Gateway;

  beforeAll(async () => {
    server = await LlamaServer.start();
    gateway = await Gateway.inFrontOf(server, { upstream: { engine: 'llama.cpp' } });
  });

  afterAll(async () => {
    await gateway.stop();
    await server.stop();
  });

  it('stops generating a stream', async () => {
    const before = await server.tokensWhenIdle();
    const client = new AbortController();
    const response = await gateway.complete({ ...STORY, stream: true }, { signal: client.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    client.abort();
    expect((await server.tokensWhenIdle()) - before).toBeLessThan(STORY.max_tokens);
  });

  it('stops generating whole answers, also while others are answered', async () => {
    const before = await server.tokensWhenIdle();
    const client = new AbortController();
    const pending = Array.from({ length: 12 }, () => gateway.complete(STORY, { signal: client.signal }));
    const stays = gateway.complete({ ...STORY, max_tokens: 10 });
    await until('llama-server to work', () => server.isBusy());
    client.abort();
    await Promise.allSettled(pending);
    expect((await stays).status).toBe(200);
    expect((await server.tokensWhenIdle()) - before).toBeLessThan(SLOTS * STORY.max_tokens);
  });
});
