import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AnswerReader } from './support/answer-reader.js';
import { beginStream, chunk, events, FakeUpstream, hang } from './support/fake-upstream.js';
import { errorOf, eventsOf, Gateway } from './support/gateway.js';
import { ManualClock } from './support/manual-clock.js';

const timeouts = { connectMs: 1_000, firstByteMs: 2_000, idleMs: 300, totalMs: 5_000 };
const REQUEST = { model: 'test-model', prompt: 'Hi' };

describe('POST /v1/completions in front of a slow upstream', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, {
      clock,
      upstream: { timeouts },
      config: { routing: { maxAttempts: 1 } },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it.each([false, true])('answers 504 and aborts after `firstByteMs` without a byte (stream: %s)', async (stream) => {
    upstream.onCompletion(hang);
    const pending = gateway.complete({ ...REQUEST, stream });
    const request = await upstream.received();
    clock.advance(1_999);
    clock.advance(1);
    const response = await pending;
    expect(response.status).toBe(504);
    expect((await errorOf(response)).error).toMatchObject({ type: 'upstream_error', code: 'upstream_timeout' });
    await request.aborted;
  });

  it('answers 504 when only the headers come', async () => {
    upstream.onCompletion((response) => {
      beginStream(response);
      response.flushHeaders();
    });
    const pending = gateway.complete({ ...REQUEST, stream: true });
    const request = await upstream.received();
    clock.advance(2_000);
    expect((await pending).status).toBe(504);
    await request.aborted;
  });

  it('ends a stream with an error event when the upstream falls silent', async () => {
    upstream.onCompletion((response) => {
      beginStream(response);
      response.write(events(chunk('One')));
    });
    const response = await gateway.complete({ ...REQUEST, stream: true });
    clock.advance(300);
    const [first, second, ...rest] = await eventsOf(response);
    expect(first).toBe(JSON.stringify(chunk('One')));
    expect(JSON.parse(second ?? '')).toHaveProperty('error.code', 'upstream_timeout');
    expect(rest).toEqual([]);
    await upstream.lastRequest.aborted;
  });

  it('ends an endless stream after `totalMs`', async () => {
    let write: (text: string) => void = () => undefined;
    upstream.onCompletion((response) => {
      beginStream(response);
      write = (text) => response.write(events(chunk(text)));
      write('0');
    });
    const response = await gateway.complete({ ...REQUEST, max_tokens: 100, stream: true });
    const reader = new AnswerReader(response);
    let received = String(await reader.next());
    for (let i = 1; i < 20; i++) {
      clock.advance(250);
      write(String(i));
      received += String(await reader.next());
    }
    expect(received).not.toContain('error');
    clock.advance(250);
    expect(await reader.next()).toContain('upstream_timeout');
    expect(await reader.next()).toBeUndefined();
  });

  it('leaves no timer behind', async () => {
    const before = clock.pendingCount;
    await gateway.complete(REQUEST);
    await gateway.accessLog();
    expect(clock.pendingCount).toBe(before);
  });
});
