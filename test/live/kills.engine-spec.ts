import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventsOf, Gateway } from '../support/gateway.js';
import { describeWithLlamaServer } from '../support/live-engines.js';
import { LlamaServer } from '../support/llama-server.js';
import { until } from '../support/wait.js';

const STREAMS = 12;
/** As long as the context lets it be. */
const STORY = { model: 'storyteller', prompt: 'Once upon a time', temperature: 0, max_tokens: 400, ignore_eos: true };

interface Chunk {
  choices: { text: string; finish_reason: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number };
}

describeWithLlamaServer('llama-server, killed', () => {
  let servers: LlamaServer[];
  let gateway: Gateway;

  beforeEach(async () => {
    servers = await Promise.all([LlamaServer.start(), LlamaServer.start()]);
    const [first, second] = servers as [LlamaServer, LlamaServer];
    const health = { intervalMs: 100, ejectMs: 100 };
    gateway = await Gateway.start({
      upstreams: [
        { name: 'first', baseUrl: first.baseUrl, engine: 'llama.cpp', health },
        { name: 'second', baseUrl: second.baseUrl, engine: 'llama.cpp', priority: 1 },
      ],
      routing: { retryBudgetPercent: 100, resume: 'exact' },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  it.each([
    ['text', STORY.prompt],
    ['token ids', [752, 867, 262, 396]],
  ])(`ends none of ${STREAMS} streams: each is whole, and as long as it was to be (%s)`, async (_, prompt) => {
    const responses = await Promise.all(
      Array.from({ length: STREAMS }, () =>
        gateway.complete({ ...STORY, prompt, stream: true, stream_options: { include_usage: true } }),
      ),
    );
    // All have begun.
    await servers[0]?.kill();
    for (const response of responses) {
      expect(response.status).toBe(200);
      const events = await eventsOf(response);
      expect(events.at(-1)).toBe('[DONE]');
      const chunks = events.slice(0, -1).map((event) => JSON.parse(event) as Chunk);
      expect(chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason)).filter(Boolean)).toEqual([
        'length',
      ]);
      expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: STORY.max_tokens });
    }
    const lines = await gateway.accessLog(STREAMS);
    expect(lines.filter(({ resumes }) => resumes === 1).length).toBeGreaterThan(0);
  });

  it('answers each JSON request that it was working on, from the other', async () => {
    const pending = Array.from({ length: STREAMS }, () => gateway.complete(STORY));
    await servers[0]?.kill();
    for (const response of await Promise.all(pending)) {
      expect(response.status).toBe(200);
      expect(((await response.json()) as Chunk).usage).toMatchObject({ completion_tokens: STORY.max_tokens });
    }
  });

  it('gets requests again when it is back', async () => {
    const [first] = servers;
    await first?.kill();
    expect((await gateway.complete({ ...STORY, max_tokens: 2 })).status).toBe(200);
    await first?.restart();
    await until('the first to be asked', async () => {
      expect((await gateway.complete({ ...STORY, max_tokens: 2 })).status).toBe(200);
      return Number(await first?.tokensWhenIdle()) > 0;
    });
  });
});
