import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Socket } from 'node:net';
import { beginStream, chunk, events, FakeUpstream } from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';
import { askOnSocket } from './support/raw-client.js';
import { settled } from './support/settled.js';

const REQUEST = { model: 'test-model', stream: true };
const HEARTBEAT_MS = 10_000;
/** Four bytes, two UTF-16 units: a cut anywhere breaks it. */
const FISH = '🐟';
/** More than the sockets of both sides hold. */
const LARGE = FISH.repeat(2_000_000);

describe('a stream to a client that reads slowly', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;
  let client: Socket;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    const config = { server: { heartbeatMs: HEARTBEAT_MS, clientStallMs: 10 * HEARTBEAT_MS } };
    gateway = await Gateway.inFrontOf(upstream, {
      clock,
      config,
      upstream: { capabilities: { prompt_list: 'emulate' } },
    });
  });

  afterEach(async () => {
    client.destroy();
    await gateway.stop();
    await upstream.stop();
  });

  /** The data of each event, and the comments, of all that the client reads from now on. */
  async function readAll(): Promise<{ data: string[]; comments: string[] }> {
    const pieces: Buffer[] = [];
    for await (const piece of client) pieces.push(piece as Buffer);
    const bytes = Buffer.concat(pieces);
    const body: Buffer[] = [];
    for (let at = bytes.indexOf('\r\n\r\n') + 4; ;) {
      const end = bytes.indexOf('\r\n', at);
      const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
      if (size === 0) break;
      body.push(bytes.subarray(end + 2, end + 2 + size));
      at = end + 2 + size + 2;
    }
    const lines = Buffer.concat(body)
      .toString()
      .split('\n\n')
      .filter((line) => line !== '');
    return {
      data: lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6)),
      comments: lines.filter((line) => !line.startsWith('data: ')),
    };
  }

  function textsOf(data: string[]): Map<number, string> {
    const texts = new Map<number, string>();
    for (const json of data.filter((each) => each !== '[DONE]')) {
      const { choices } = JSON.parse(json) as { choices: { index: number; text: string }[] };
      for (const { index, text } of choices) texts.set(index, (texts.get(index) ?? '') + text);
    }
    return texts;
  }

  it('keeps events and characters whole, also of several prompts at the same time', async () => {
    upstream.onCompletion((response, { body }) => {
      beginStream(response);
      response.write(events(chunk(`${String(body.prompt)}:${LARGE}`)));
      response.end(events(chunk('.', 'stop'), '[DONE]'));
    });
    client = askOnSocket(gateway, { ...REQUEST, prompt: ['one', 'two', 'three'] });
    await upstream.received(3);
    await settled(() => client.bytesRead);
    const { data } = await readAll();
    expect(data.at(-1)).toBe('[DONE]');
    const texts = textsOf(data);
    for (const [index, name] of ['one', 'two', 'three'].entries()) {
      // `toBe(text)` would print the whole text.
      expect(texts.get(index) === `${name}:${LARGE}.`).toBe(true);
    }
  });

  it('has no comment within an event, however slowly the client reads', async () => {
    upstream.onCompletion((response) => {
      beginStream(response);
      response.write(events(chunk('Hi')));
      response.write(events(chunk(LARGE)));
      response.end(events(chunk('.', 'stop'), '[DONE]'));
    });
    client = askOnSocket(gateway, { ...REQUEST, prompt: 'one' });
    await upstream.received();
    await settled(() => client.bytesRead);
    clock.advance(2 * HEARTBEAT_MS);
    const { data, comments } = await readAll();
    expect(comments).toEqual([]);
    expect(textsOf(data).get(0) === `Hi${LARGE}.`).toBe(true);
  });
});
