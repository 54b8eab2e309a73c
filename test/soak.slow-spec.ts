import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { EngineProcess } from './support/engine-process.js';
import { API_KEY } from './support/gateway.js';
import { GatewayProcess } from './support/gateway-process.js';
import { Inspector } from './support/inspector.js';
import { until } from './support/wait.js';

const STREAMS = Number(process.env.STREAMS ?? 1_000);
const AT_A_TIME = 200;
/** Without the end of the text, so that each stream has as many tokens. */
const REQUEST = { model: 'storyteller', prompt: 'Once', max_tokens: 4, logit_bias: { '0': -100 }, stream: true };

describe(`${STREAMS} streams one after the other, and as many of which ${AT_A_TIME} at a time,`, () => {
  let engine: EngineProcess;
  let gateway: GatewayProcess;
  let inspector: Inspector;
  let url: string;
  let agent: Agent;

  beforeAll(async () => {
    engine = await EngineProcess.start();
    const upstreams = [{ name: 'engine', baseUrl: engine.baseUrl, engine: 'embedded' }];
    gateway = GatewayProcess.spawn({ upstreams }, { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
    url = await gateway.listening();
    inspector = await Inspector.connect(/Debugger listening on (\S+)/.exec(gateway.banner)?.[1] ?? '');
  });

  afterAll(async () => {
    inspector.close();
    await gateway.stop();
    await engine.stop();
  });

  /** One stream, which must be whole. */
  async function stream(seed: number): Promise<void> {
    const { statusCode, body } = await request(`${url}/v1/completions`, {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...REQUEST, seed }),
    });
    const text = await body.text();
    if (statusCode !== 200 || !text.endsWith('data: [DONE]\n\n')) throw new Error(`stream ${seed}: ${text}`);
  }

  /** Runs streams on connections of their own, which it closes; resolves when the gateway holds no socket any more. */
  async function run(count: number, atATime: number): Promise<void> {
    agent = new Agent({ connections: atATime });
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) await stream(next++);
    };
    await Promise.all(Array.from({ length: atATime }, worker));
    await agent.close();
    // Connections to the upstream are kept for a while, and must close then.
    await until('the end of every connection', async () => (await inspector.openSockets()) === 0);
  }

  it('leave no memory, no socket and no generation behind', async () => {
    // Now the code is compiled, and pools and caches have their size.
    await run(AT_A_TIME, 1);
    await run(2 * AT_A_TIME, AT_A_TIME);
    const bytesBefore = await inspector.reachableBytes();
    const { tokensGenerated } = await engine.health();

    await run(STREAMS, 1);
    await run(STREAMS, AT_A_TIME);
    const bytesAfter = await inspector.reachableBytes();

    expect((bytesAfter - bytesBefore) / (2 * STREAMS)).toBeLessThan(1_000);
    expect(await inspector.openSockets()).toBe(0);
    expect(await engine.health()).toMatchObject({
      active: 0,
      queued: 0,
      tokensGenerated: tokensGenerated + 2 * STREAMS * REQUEST.max_tokens,
    });
  }, 240_000);
});
