import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Gateway } from '../support/gateway.js';
import { describeWithLlamaServer } from '../support/live-engines.js';
import { LlamaServer } from '../support/llama-server.js';

const STORY = { model: 'storyteller', prompt: 'Once upon a time', temperature: 0, max_tokens: 480, ignore_eos: true };

describeWithLlamaServer('llama-server, when the client of the gateway goes away', () => {
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
});
