import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EngineProcess } from '../support/engine-process.js';
import { describeWithLlamaServer } from '../support/live-engines.js';
import { LlamaServer } from '../support/llama-server.js';

describeWithLlamaServer('the embedded engine’s `repetition_penalty`', () => {
  let server: LlamaServer;
  let engine: EngineProcess;

  beforeAll(async () => {
    server = await LlamaServer.start();
    engine = await EngineProcess.start();
  });

  afterAll(async () => {
    await engine.stop();
    await server.stop();
  });

  it.each([1.1, 1.3, 2, 10, 0.9])('%d gives the text that llama-server gives with it', async (penalty) => {
    // The special tokens, which the engine does not choose anyway.
    const logit_bias = { 0: -100, 1: -100, 2: -100, 3: -100 };
    const story = { model: 'storyteller', prompt: 'Once upon a time', temperature: 0, max_tokens: 100, logit_bias };
    const response = await fetch(`${server.baseUrl}/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...story, repeat_penalty: penalty, repeat_last_n: 512 }),
    });
    const { choices } = (await response.json()) as { choices: { text: string }[] };
    const { text } = await engine.choice({ ...story, repetition_penalty: penalty });
    expect(text).toBe(choices[0]?.text);
  });
});
