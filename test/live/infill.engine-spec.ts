import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorOf, eventsOf, Gateway } from '../support/gateway.js';
import { describeWithLlamaServer } from '../support/live-engines.js';
import { LlamaServer } from '../support/llama-server.js';

/** In tokens: 384 of a prefix, and 128 of a suffix less a few. */
const BATCH = 512;
/** Of 6 tokens. */
const SENTENCE = 'Once upon a time. ';

describeWithLlamaServer('llama-server, whose infill endpoint cuts what is beyond its batch', () => {
  let server: LlamaServer;
  let gateway: Gateway;

  beforeAll(async () => {
    server = await LlamaServer.start('-b', String(BATCH), '-c', '4096');
    gateway = await Gateway.inFrontOf(server, { upstream: { engine: 'llama.cpp' } });
  });

  afterAll(async () => {
    await gateway.stop();
    await server.stop();
  });

  const fill = (sentences: number, suffix: string, more: object = {}): Promise<Response> =>
    gateway.complete({
      model: 'storyteller',
      prompt: SENTENCE.repeat(sentences),
      suffix,
      max_tokens: 4,
      temperature: 0,
      ...more,
    });

  describe.each([false, true])('streamed: %p', (stream) => {
    it('is refused a prefix that would be cut', async () => {
      const response = await fill(70, ' The end.', { stream });
      expect(response.status).toBe(400);
      expect((await errorOf(response)).error).toMatchObject({ code: 'context_length_exceeded' });
    });

    it('is refused a suffix that would be cut', async () => {
      const response = await fill(1, SENTENCE.repeat(30), { stream });
      expect(response.status).toBe(400);
      expect((await errorOf(response)).error).toMatchObject({ code: 'context_length_exceeded' });
    });

    it('is asked what it reads whole', async () => {
      const response = await fill(60, ' The end.', { stream, stream_options: stream ? { include_usage: true } : null });
      expect(response.status).toBe(200);
      const last = stream ? (await eventsOf(response)).at(-2) : await response.text();
      // The prefix, the suffix, and what tells them apart.
      expect(JSON.parse(last ?? '')).toMatchObject({ usage: { prompt_tokens: 60 * 6 + 3 + 3 } });
    });
  });
});
