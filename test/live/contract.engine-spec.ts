import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requestsToRecord } from '../../src/cli/record/requests.js';
import { ENGINE_PROFILES } from '../../src/engines/engine-profiles.js';
import type { Engine } from '../../src/engines/engine-names.js';
import { ALWAYS_ANSWERED, expectContract } from '../conformance/expect-contract.js';
import { Gateway } from '../support/gateway.js';
import { describeWithLlamaServer, STARTED } from '../support/live-engines.js';
import { LlamaServer } from '../support/llama-server.js';

const MODEL = process.env.LIVE_MODEL ?? 'storyteller';

interface Completion {
  choices: { text: string }[];
}

describeWithLlamaServer('llama-server behind the gateway', () => {
  let server: LlamaServer;

  beforeAll(async () => {
    server = await LlamaServer.start();
  });

  afterAll(() => server.stop());

  holdToContract('llama.cpp', () => server.baseUrl);
});

for (const { engine, baseUrl } of STARTED) {
  describe(`${engine} behind the gateway`, () => holdToContract(engine, () => baseUrl));
}

/** Everything that is recorded, asked through the gateway, and compared with what the engine says by itself. */
function holdToContract(engine: Engine, baseUrlOf: () => string): void {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await Gateway.start({
      upstreams: [{ name: 'live', baseUrl: baseUrlOf(), engine, health: { ejectAfterFailures: 1_000 } }],
      routing: { maxAttempts: 1 },
    });
  });

  afterAll(() => gateway.stop());

  // An invalid grammar ends some engines; what is said of usage on the way is the engine's own.
  const requests = requestsToRecord(engine, MODEL, '/v1').filter(
    ({ name, path }) => path === '/v1/completions' && !/grammar|continuous usage|n 100/.test(name),
  );

  it.each(requests.map(({ name, body }) => [name, body]))('%s: is the contract’s', async (name, body) => {
    const response = await gateway.complete(body);
    if (ALWAYS_ANSWERED.has(String(name).replace(', streamed', ''))) expect(response.status).toBe(200);
    await expectContract(response, body);
  });

  it.each([
    ['a text', { prompt: 'Once upon a time' }],
    ['characters of several bytes', { prompt: 'Señor Muñoz 🦊 said:' }],
    ['a stop text', { prompt: 'Once upon a time', stop: [' little'] }],
  ])('says what the engine says by itself: %s', async (_, fields) => {
    const body = { model: MODEL, temperature: 0, max_tokens: 24, ...fields };
    const direct = await fetch(`${baseUrlOf()}/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      // The contract's defaults, and not the engine's own.
      body: JSON.stringify({ ...ENGINE_PROFILES[engine].samplingDefaults, ...body }),
    });
    const [own] = ((await direct.json()) as Completion).choices;
    const [told] = ((await (await gateway.complete(body)).json()) as Completion).choices;
    expect(told?.text).toBe(own?.text);
  });
}
