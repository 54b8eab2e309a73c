import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import {
  beginStream,
  chunk,
  completion,
  events,
  FakeUpstream,
  hang,
  replyEvents,
  replyJson,
} from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';
import { askOnSocket } from './support/raw-client.js';
import { settled } from './support/settled.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
/** More than the sockets of both sides hold, and less than the limit of an event. */
const LARGE = 'x'.repeat(15_000_000);
const LATE = Date.UTC(2026, 0, 1) + 60_000;

describe('POST /v1/completions when the client disconnects', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { clock });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it.each([false, true])('aborts the upstream before the answer has begun (stream: %s)', async (stream) => {
    upstream.onCompletion(hang);
    const client = new AbortController();
    const pending = gateway.complete({ ...REQUEST, stream }, { signal: client.signal });
    const request = await upstream.received();
    client.abort();
    await expect(pending).rejects.toThrow('aborted');
    await request.aborted;
    expect(await gateway.accessLog()).toMatchObject([{ status: 499, stream, upstream: 'fake' }]);
  });

  it('aborts the upstream in mid-stream', async () => {
    upstream.onCompletion((response) => {
      beginStream(response);
      response.write(events(chunk('One')));
    });
    const timersBefore = clock.pendingCount;
    const client = new AbortController();
    const response = await gateway.complete({ ...REQUEST, stream: true }, { signal: client.signal });
    client.abort();
    await expect(response.text()).rejects.toThrow('aborted');
    await upstream.lastRequest.aborted;
    expect(await gateway.accessLog()).toMatchObject([{ status: 499, stream: true }]);
    expect(clock.pendingCount).toBe(timersBefore);
  });

  it('cuts a client that reads nothing for `clientStallMs`, and frees its slot', async () => {
    await gateway.stop();
    const config = { server: { clientStallMs: 5_000 } };
    gateway = await Gateway.inFrontOf(upstream, { clock, config, upstream: { maxConcurrency: 1 } });
    const event = events(chunk('x'.repeat(100_000)));
    let writtenBytes = 0;
    upstream.onCompletion(async (response) => {
      const closed = once(response, 'close');
      beginStream(response);
      while (!response.destroyed) {
        writtenBytes += event.length;
        if (!response.write(event)) await Promise.race([once(response, 'drain'), closed]);
      }
    });
    const socket = askOnSocket(gateway, { ...REQUEST, stream: true });
    await upstream.received();
    await settled(() => writtenBytes);
    clock.advance(5_000);
    await upstream.lastRequest.aborted;
    expect(await gateway.accessLog()).toMatchObject([{ status: 499 }]);
    socket.destroy();
    upstream.onCompletion(replyJson(completion('free')));
    expect((await gateway.complete(REQUEST)).status).toBe(200);
  });

  it.each([
    ['a large JSON answer', false, replyJson(completion(LARGE))],
    ['the large end of a stream', true, replyEvents(chunk(LARGE, 'stop'), '[DONE]')],
  ])('cuts a client that does not read %s, whose slot is free long before', async (_, stream, reply) => {
    await gateway.stop();
    gateway = await Gateway.inFrontOf(upstream, { clock, upstream: { maxConcurrency: 1 } });
    upstream.onCompletion(reply);
    const socket = askOnSocket(gateway, { ...REQUEST, stream });
    await upstream.received();
    upstream.onCompletion(replyJson(completion('free')));
    expect((await gateway.complete(REQUEST)).status).toBe(200);
    await settled(() => gateway.logLines.length);
    clock.advance(120_000);
    expect((await gateway.accessLog(2))[1]).toMatchObject({ status: 499 });
    socket.destroy();
  });

  it('slows the upstream down to the pace of the client, without a timeout', async () => {
    const event = events(chunk('x'.repeat(100_000)));
    const count = 1_000;
    let writtenBytes = 0;
    upstream.onCompletion(async (response) => {
      beginStream(response);
      for (let i = 0; i < count; i++) {
        writtenBytes += event.length;
        if (!response.write(event)) await once(response, 'drain');
      }
      response.end(events(chunk('', 'stop'), '[DONE]'));
    });

    const socket = askOnSocket(gateway, { ...REQUEST, stream: true });

    // The client takes a little at each turn of the event loop, far less than the upstream could write.
    let readBytes = 0;
    let furthestAheadBytes = 0;
    let last = '';
    while (!socket.readableEnded) {
      const bytes = socket.read(16_384) as Buffer | null;
      if (bytes) {
        readBytes += bytes.length;
        last = (last + bytes.toString('latin1')).slice(-100);
      }
      furthestAheadBytes = Math.max(furthestAheadBytes, writtenBytes - readBytes);
      if (readBytes > 20_000_000 && clock.now() < LATE) {
        await settled(() => writtenBytes);
        // Longer than `idleMs`: while the client is behind, no time counts as silence of the upstream.
        clock.advance(60_000);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(last).toContain('data: [DONE]');
    expect(readBytes).toBeGreaterThan(count * event.length);
    // The buffers of four sockets, and not the hundred megabytes.
    expect(furthestAheadBytes).toBeLessThan((count * event.length) / 3);
  });
});
