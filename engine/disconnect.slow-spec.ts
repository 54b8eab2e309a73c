import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { EngineProcess } from '../test/support/engine-process.js';

const ENDLESS = { prompt: 'Once upon a time', max_tokens: 500, logit_bias: { '0': -100 }, n: 100 };

describe('a client that', () => {
  let engine: EngineProcess;
  beforeEach(async () => {
    engine = await EngineProcess.start({ ENGINE_PARALLEL: '2' });
  });
  afterEach(() => engine.stop());

  /** Sends a request over a socket of its own and reads nothing. */
  function open(body: object): Socket {
    const socket = connect(engine.port, '127.0.0.1');
    socket.pause();
    const json = JSON.stringify({ model: 'storyteller', ...body });
    socket.write(
      `POST /v1/completions HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
    );
    return socket;
  }

  it.each([true, false])('hangs up ends its generation, stream: %s', async (stream) => {
    const socket = open({ ...ENDLESS, stream });
    await engine.healthWhen(({ tokensGenerated }) => tokensGenerated > 0);
    socket.destroy();
    const { tokensGenerated } = await engine.healthWhen(({ active }) => active === 0);
    expect(tokensGenerated).toBeLessThan(ENDLESS.max_tokens * ENDLESS.n);
    // A generation that went on would show in the count, beside the tokens of this request.
    await engine.complete({ prompt: 'Hi', max_tokens: 10, logit_bias: { '0': -100 } });
    expect(await engine.health()).toMatchObject({ active: 0, tokensGenerated: tokensGenerated + 10 });
  });

  it('hangs up in the queue leaves it', async () => {
    const running = [open(ENDLESS), open(ENDLESS)];
    await engine.healthWhen(({ active }) => active === 2);
    const waiting = open(ENDLESS);
    await engine.healthWhen(({ queued }) => queued === 1);
    waiting.destroy();
    await engine.healthWhen(({ queued }) => queued === 0);
    expect(await engine.health()).toMatchObject({ active: 2 });
    for (const socket of running) socket.destroy();
    await engine.healthWhen(({ active }) => active === 0);
  });

  it('does not read pauses its generation, and gets everything when it reads', async () => {
    // 500 scored tokens, echoed for each of 120 choices, are more than all buffers on the way hold.
    const slow = {
      prompt: new Array(500).fill(752),
      echo: true,
      logprobs: 5,
      n: 120,
      max_tokens: 1,
      stream: true,
      seed: 1,
    };
    const socket = open(slow);
    await engine.healthWhen(({ tokensGenerated }) => tokensGenerated > 0);
    // Turns are fair: in the time of these 500 tokens, the 120 would be done.
    await engine.complete({ ...ENDLESS, n: 1 });
    const { active, tokensGenerated } = await engine.health();
    expect(active).toBe(1);
    expect(tokensGenerated).toBeLessThan(500 + 120);

    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      received = (received + text).slice(-20_000);
      if (received.includes('data: [DONE]')) socket.end();
    });
    socket.resume();
    await once(socket, 'close');
    expect(received).toContain('"index":119');
    expect(await engine.health()).toMatchObject({ active: 0, tokensGenerated: 500 + 120 });
  });

  it('is served beside others, fairly: a short request does not wait for a long one', async () => {
    const socket = open({ ...ENDLESS, stream: false });
    await engine.healthWhen(({ tokensGenerated }) => tokensGenerated > 0);
    await engine.complete({ prompt: 'Hi', max_tokens: 5 });
    expect(await engine.health()).toMatchObject({ active: 1 });
    socket.destroy();
  });
});
