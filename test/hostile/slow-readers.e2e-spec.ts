import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Metrics } from '../../src/observability/metrics.js';
import { beginStream, chunk, completion, events, FakeUpstream, replyJson } from '../support/fake-upstream.js';
import { API_KEY, Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { askOnSocket } from '../support/raw-client.js';
import { settled } from '../support/settled.js';
import { within } from '../support/wait.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
/** More than the sockets of both sides hold. */
const LARGE = 'x'.repeat(10_000_000);
const LIMIT_BYTES = 20 * 1_048_576;
const STALL_MS = 60_000;

describe('clients that do not read', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;
  let clients: Socket[];

  beforeEach(async () => {
    clients = [];
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    await gateway.stop();
    await upstream.stop();
  });

  async function start(stalledAnswerBytes: number): Promise<void> {
    const config = { server: { stalledAnswerBytes, clientStallMs: STALL_MS } };
    gateway = await Gateway.inFrontOf(upstream, { clock, config });
  }

  /** A client that asks, and reads nothing. Resolves when no more bytes arrive. */
  async function ask(fields: object = {}): Promise<Socket> {
    const client = askOnSocket(gateway, { ...REQUEST, user: `client-${clients.length}`, ...fields });
    client.on('error', () => undefined);
    clients.push(client);
    await upstream.received(clients.length);
    await settled(() => client.bytesRead);
    return client;
  }

  async function metric(name: string): Promise<number> {
    const text = await gateway.app.get(Metrics).read();
    return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  }

  /** How many bytes the client now reads, to the end or the cut. */
  async function readAll(client: Socket): Promise<number> {
    let count = 0;
    client.on('data', (bytes: Buffer) => (count += bytes.length));
    await within('the connection to close', once(client.resume(), 'close'));
    return count;
  }

  it('are cut, the one that has waited for the longest first, when too many bytes wait for all of them', async () => {
    await start(LIMIT_BYTES);
    upstream.onCompletion(replyJson(completion(LARGE)));
    for (let count = 0; count < 6; count++) {
      await ask();
      expect(await metric('gateway_stalled_answer_bytes')).toBeLessThanOrEqual(LIMIT_BYTES);
    }
    const cutCount = await metric('gateway_stalled_clients_cut_total{reason="budget"}');
    expect(cutCount).toBeGreaterThanOrEqual(2);
    expect(await metric('gateway_stalled_answers')).toBe(6 - cutCount);
    const lines = await gateway.accessLog(cutCount);
    expect(lines).toHaveLength(cutCount);
    for (const line of lines) {
      expect(line).toMatchObject({ status: 499, errorReason: expect.stringContaining('behind for the longest') });
    }
    const lengths: number[] = [];
    for (const client of clients) lengths.push(await readAll(client));
    const isWhole = lengths.map((length) => length > LARGE.length);
    expect(isWhole).toEqual(lengths.map((_, index) => index >= cutCount));
    expect(await metric('gateway_stalled_answer_bytes')).toBe(0);
  });

  it('are cut before one that reads, however slowly', async () => {
    await start(LIMIT_BYTES);
    upstream.onCompletion(replyJson(completion(LARGE)));
    const slow = await ask();
    let readBytes = 0;
    slow.on('data', (bytes: Buffer) => {
      readBytes += bytes.length;
      if (readBytes > 3_000_000) slow.pause();
    });
    const none = await ask();
    // What it has read makes room for more of its answer.
    slow.resume();
    await settled(() => slow.bytesRead);
    for (let count = 0; (await metric('gateway_stalled_clients_cut_total{reason="budget"}')) === 0; count++) {
      expect(count).toBeLessThan(4);
      await ask();
    }
    expect(await readAll(none)).toBeLessThan(LARGE.length);
    slow.removeAllListeners('data');
    expect(readBytes + (await readAll(slow))).toBeGreaterThan(LARGE.length);
  });

  it('have their upstream requests aborted', async () => {
    await start(1_048_576);
    upstream.onCompletion(async (response) => {
      const event = events(chunk('x'.repeat(60_000)));
      beginStream(response);
      while (!response.destroyed) {
        if (response.write(event)) await new Promise((resolve) => setImmediate(resolve));
        else await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
      }
    });
    for (let count = 0; (await metric('gateway_stalled_clients_cut_total{reason="budget"}')) === 0; count++) {
      expect(count).toBeLessThan(16);
      await ask({ stream: true });
    }
    await upstream.requests[0]?.aborted;
    expect(await metric('gateway_stalled_answer_bytes')).toBeLessThanOrEqual(1_048_576);
  });

  it('are cut after `clientStallMs`, also when only the end of an answer waits', async () => {
    await start(LIMIT_BYTES);
    upstream.onCompletion(replyJson(completion('x'.repeat(50_000))));
    const body = JSON.stringify(REQUEST);
    const head = `POST /v1/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\ncontent-type: application/json\r\n`;
    const many = askOnSocket(gateway, REQUEST, false);
    many.on('error', () => undefined);
    clients.push(many);
    // As many answers as the sockets of both sides can hold, and more.
    for (let count = 0; count < 200; count++) many.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
    await settled(() => upstream.requests.length);
    expect(await metric('gateway_stalled_answers')).toBeGreaterThan(0);
    clock.advance(STALL_MS);
    await within('the connection to close', once(many.resume(), 'close'));
    const isCut = ({ errorReason }: Record<string, unknown>): boolean =>
      errorReason === `the client read less than 64 KiB in ${STALL_MS} ms`;
    await settled(() => gateway.logLines.length);
    expect(gateway.logLines.filter(isCut)).not.toEqual([]);
    expect(await metric('gateway_stalled_answers')).toBe(0);
    expect(await metric('gateway_stalled_clients_cut_total{reason="stall"}')).toBeGreaterThan(0);
  });
});
