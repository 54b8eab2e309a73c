import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Behaviour,
  breakAfter,
  chunk,
  completion,
  events,
  FakeUpstream,
  hold,
  replyEvents,
} from '../support/fake-upstream.js';
import { errorOf, eventsOf, Gateway } from '../support/gateway.js';
import { within } from '../support/wait.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
const LIMIT_BYTES = 1_048_576;

describe('the memory for answers', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    const server = { wholeAnswerBytes: LIMIT_BYTES, deliveredTextBytes: LIMIT_BYTES };
    gateway = await Gateway.inFrontOf(upstream, { config: { server } });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('holds whole answers up to `wholeAnswerBytes`; the next one is a 503, and the others are answered', async () => {
    const json = JSON.stringify(completion('x'.repeat(700_000)));
    const isSent = Promise.withResolvers<void>();
    const { behaviour, release } = hold((response) => void response.end('}'));
    upstream.onCompletion((response, request) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(json.slice(0, -1), () => isSent.resolve());
      return behaviour(response, request);
    });
    const first = gateway.complete(REQUEST);
    await within('the first answer to be sent', isSent.promise);
    const refused = await gateway.complete(REQUEST);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await errorOf(refused)).error).toMatchObject({ type: 'upstream_error', code: 'overloaded' });
    // The upstream is not at fault: there is no retry.
    expect(upstream.requests).toHaveLength(2);
    release();
    expect((await first).status).toBe(200);
    expect(await (await first).text()).toBe(json);
    for (let count = 0; count < 3; count++) expect((await gateway.complete(REQUEST)).status).toBe(200);
  });

  /** Breaks every first stream after so much text, and answers every second with the rest. */
  function breaksAfter(length: number): Behaviour {
    return (response, request) => {
      const text = events(...Array.from({ length: length / 1_000 }, () => chunk('x'.repeat(1_000))));
      const isRest = upstream.requests.indexOf(request) % 2 === 1;
      return (isRest ? replyEvents(chunk('rest', 'stop'), '[DONE]') : breakAfter(text))(response, request);
    };
  }

  it('keeps delivered text up to `deliveredTextBytes`: a longer stream that breaks ends in an error, others are resumed', async () => {
    const body = { ...REQUEST, stream: true, max_tokens: 10_000 };
    upstream.onCompletion(breaksAfter(2_000_000));
    const long = await eventsOf(await gateway.complete(body));
    expect(long.at(-1)).toContain('"code":"upstream_error"');
    expect(upstream.requests).toHaveLength(1);
    upstream.requests.length = 0;
    upstream.onCompletion(breaksAfter(400_000));
    for (let count = 0; count < 4; count++) {
      const short = await eventsOf(await gateway.complete(body));
      expect(short.at(-1)).toBe('[DONE]');
      const text = short
        .slice(0, -1)
        .map((data) => (JSON.parse(data) as { choices: { text: string }[] }).choices[0]?.text);
      expect(text.join('')).toHaveLength(400_004);
    }
    expect(upstream.requests).toHaveLength(8);
  });
});
