import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Behaviour,
  chunk,
  completion,
  events,
  FakeUpstream,
  replyEvents,
  replyJson,
} from '../support/fake-upstream.js';
import { errorOf, eventsOf, Gateway } from '../support/gateway.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
const DEEP = '['.repeat(100_000) + ']'.repeat(100_000);

const choiceOf = (fields: object): object => ({
  index: 0,
  text: 'Hi',
  finish_reason: 'stop',
  logprobs: null,
  ...fields,
});
const answer = (fields: object): string => JSON.stringify(completion('', { choices: [choiceOf(fields)] }));
const legacy = (fields: object): object => ({ logprobs: { tokens: ['Hi'], token_logprobs: [-1], ...fields } });

/** The answer as JSON, and as the one chunk of a stream. */
const inBothWays =
  (json: string): Behaviour =>
  (response, request) => {
    const behaviour = request.body.stream === true ? replyEvents(json, '[DONE]') : replyJson(json);
    return behaviour(response, request);
  };

/** Answers of an engine that are no completions. */
const JUNK: [what: string, behaviour: Behaviour][] = [
  ['log probabilities that are a number', inBothWays(answer({ logprobs: 5 }))],
  ['a list of tokens with an object in it', inBothWays(answer(legacy({ tokens: [{}] })))],
  ['likely tokens that are texts', inBothWays(answer(legacy({ top_logprobs: ['x'] })))],
  ['offsets that are no integers', inBothWays(answer(legacy({ text_offset: [0.5] })))],
  [
    'log probabilities without an end',
    inBothWays(answer(legacy({ token_logprobs: ['HUGE'] })).replace('"HUGE"', '1e400')),
  ],
  ['chat tokens that are numbers', inBothWays(answer({ logprobs: { content: [1] } }))],
  ['NaN', inBothWays(answer({ extra: 'NAN' }).replace('"NAN"', 'NaN'))],
  ['a deeply nested field', inBothWays(answer({ extra: 'DEEP' }).replace('"DEEP"', DEEP))],
  ['a deeply nested answer', inBothWays(DEEP)],
  ['a finish reason that is an object', inBothWays(answer({ finish_reason: {} }))],
  ['a text that is a number', inBothWays(answer({ text: 1 }))],
  [
    'a negative choice index',
    inBothWays(JSON.stringify(completion('', { choices: [choiceOf({}), choiceOf({ index: -1 })] }))),
  ],
  ['no choice', inBothWays(JSON.stringify(completion('', { choices: [] })))],
  ['an error that cannot be written', inBothWays('{"error":{"code":{"toString":1,"valueOf":1},"message":"x"}}')],
  [
    '3,000 content codings',
    replyJson(completion('Hi'), 200, { 'content-encoding': Array.from({ length: 3_000 }, () => 'gzip').join(',') }),
  ],
];

const ENDLESS: [what: string, behaviour: Behaviour][] = [
  ['an early [DONE]', replyEvents('[DONE]')],
  ['an event of 17 MB', replyEvents(chunk('x'.repeat(17_000_000), 'stop'), '[DONE]')],
  [
    'choices that never come',
    replyEvents(...Array.from({ length: 300 }, () => chunk('', null, { choices: [], x: 'y'.repeat(5_000) }))),
  ],
];

describe('an engine whose answer is no completion', () => {
  let liar: FakeUpstream;
  let honest: FakeUpstream;
  let gateway: Gateway | undefined;

  beforeEach(async () => {
    liar = await FakeUpstream.start();
    honest = await FakeUpstream.start(inBothWays(answer({})));
  });

  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
    await Promise.all([liar.stop(), honest.stop()]);
  });

  const both = [
    ...JUNK.map((each) => [...each, false] as const),
    ...[...JUNK, ...ENDLESS].map((each) => [...each, true] as const),
  ];

  it.each(both)('causes a fallback, else a 502, and counts as a failure: %s', async (_what, behaviour, stream) => {
    liar.onCompletion(behaviour);
    gateway = await Gateway.start({
      upstreams: [
        { name: 'liar', baseUrl: liar.baseUrl, models: ['test-model'], weight: 1, health: { ejectAfterFailures: 1 } },
      ],
      routing: { maxAttempts: 1 },
    });
    const refused = await gateway.complete({ ...REQUEST, stream });
    expect({ status: refused.status, ...(await errorOf(refused)).error }).toMatchObject({
      status: 502,
      type: 'upstream_error',
      code: 'upstream_error',
    });
    expect(gateway.logLines.filter(({ msg }) => msg === 'internal error')).toEqual([]);
    const [line] = await gateway.accessLog();
    expect(String(line?.errorReason)).not.toMatch(/^reading the answer failed/);
    await gateway.stop();

    gateway = await Gateway.start({
      upstreams: [liar, honest].map(({ baseUrl }, at) => ({
        name: `u${at}`,
        baseUrl,
        health: { ejectAfterFailures: 1 },
      })),
    });
    liar.requests.length = 0;
    for (let count = 0; count < 3; count++) {
      const response = await gateway.complete({ ...REQUEST, stream });
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('"text":"Hi"');
    }
    // Its first failure has ejected it.
    expect(liar.requests.length).toBeLessThanOrEqual(1);
  });

  it.each([false, true])('causes no retry when it has aborted the request (stream: %s)', async (stream) => {
    liar.onCompletion(inBothWays(answer({ finish_reason: 'abort' })));
    gateway = await Gateway.inFrontOf(liar, { upstream: { health: { ejectAfterFailures: 1 } } });
    for (let count = 1; count <= 3; count++) {
      const response = await gateway.complete({ ...REQUEST, stream });
      expect({ status: response.status, ...(await errorOf(response)).error }).toMatchObject({
        status: 502,
        code: 'upstream_error',
        message: 'The upstream has aborted the request.',
      });
      // One attempt each, and no ejection.
      expect(liar.requests).toHaveLength(count);
    }
  });

  it('causes an error event, and no resume, when it aborts a stream', async () => {
    liar.onCompletion(replyEvents(chunk('Hi'), chunk('', 'abort'), '[DONE]'));
    gateway = await Gateway.inFrontOf(liar);
    const said = await eventsOf(await gateway.complete({ ...REQUEST, stream: true }));
    expect(said).toHaveLength(2);
    expect(said[1]).toContain('The upstream has aborted the request.');
    expect(liar.requests).toHaveLength(1);
  });

  it('causes a retry when it finishes with "error"', async () => {
    liar.onCompletion((response, request) =>
      inBothWays(answer({ finish_reason: liar.requests.length > 1 ? 'stop' : 'error' }))(response, request),
    );
    gateway = await Gateway.inFrontOf(liar);
    expect((await gateway.complete(REQUEST)).status).toBe(200);
    expect(liar.requests).toHaveLength(2);
  });

  it.each(['[DONE]', ''])(
    'causes an error event when it cuts a text, whether it then sends "%s" or nothing',
    async (end) => {
      liar.onCompletion(replyEvents(chunk('Hi'), ...(end === '' ? [] : [end])));
      gateway = await Gateway.inFrontOf(liar, { config: { routing: { resume: 'off' } } });
      const said = await eventsOf(await gateway.complete({ ...REQUEST, stream: true }));
      expect(said.at(-1)).toContain('"code":"upstream_error"');
    },
  );

  it('sets no header that no answer can hold', async () => {
    liar.onCompletion((response) => {
      const limits = 'x-ratelimit-a: \u20ac\r\nx-ratelimit-b: 1\r\nx-ratelimit-c: 1\r\nx-ratelimit-c: 2\r\n';
      response.socket?.end(`HTTP/1.1 429 No\r\n${limits}retry-after: \u20ac\r\ncontent-length: 2\r\n\r\n{}`);
    });
    gateway = await Gateway.inFrontOf(liar, { config: { routing: { maxAttempts: 1 } } });
    const { status, headers } = await gateway.complete(REQUEST);
    expect({ status, a: headers.get('x-ratelimit-a'), b: headers.get('x-ratelimit-b') }).toEqual({
      status: 429,
      a: null,
      b: '1',
    });
  });

  it.each(['in one piece', 'byte by byte'])(
    'may send 1xx before an answer, %s, and keeps its connection',
    async (how) => {
      const json = JSON.stringify(completion('Hello'));
      const interim = ['100 Continue', '100 ', '103 Early Hints\r\nlink: </x>', '102 Processing', '100 Go on\r\nx: y']
        .map((status) => `HTTP/1.1 ${status}\r\n\r\n`)
        .join('');
      liar.onCompletion(async (response, request) => {
        response.socket?.setNoDelay(true);
        for (const piece of how === 'in one piece' ? [interim] : interim) {
          response.socket?.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await replyJson(json)(response, request);
      });
      gateway = await Gateway.inFrontOf(liar);
      for (let count = 0; count < 3; count++) expect(await (await gateway.complete(REQUEST)).text()).toBe(json);
      expect(liar.requests).toHaveLength(3);
      expect(await liar.openConnections()).toBe(1);
    },
  );

  it('may send a chunk of 9 MB', async () => {
    const text = 'x'.repeat(9_000_000);
    liar.onCompletion(replyEvents(chunk(text), chunk('', 'stop', { model: 'other' }), '[DONE]'));
    gateway = await Gateway.inFrontOf(liar);
    const said = await eventsOf(await gateway.complete({ ...REQUEST, stream: true }));
    expect(said).toHaveLength(3);
    expect(said[0]).toContain(text);
  });

  it('is read the same when each of its bytes comes alone', async () => {
    const usage = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };
    const words = Array.from({ length: 200 }, () => chunk(` wörd${'x'.repeat(200)}`));
    const stream = events(...words, chunk('', 'stop', { usage }), '[DONE]');
    const json = JSON.stringify(completion(`ö${'x'.repeat(50_000)}`));
    const alone = (text: string): Buffer =>
      Buffer.concat(
        [...Buffer.from(text)].map((byte) =>
          Buffer.concat([Buffer.from('1\r\n'), Buffer.of(byte), Buffer.from('\r\n')]),
        ),
      );
    liar.onCompletion((response, request) => {
      const isStream = request.body.stream === true;
      const type = isStream ? 'text/event-stream' : 'application/json';
      const head = `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`;
      response.socket?.end(
        Buffer.concat([Buffer.from(head), alone(isStream ? stream : json), Buffer.from('0\r\n\r\n')]),
      );
    });
    gateway = await Gateway.inFrontOf(liar);
    expect(await (await gateway.complete(REQUEST)).text()).toBe(json);
    const said = await eventsOf(await gateway.complete({ ...REQUEST, stream: true }));
    expect(said.slice(0, 200)).toEqual(words.map((each) => JSON.stringify(each)));
    expect(said).toHaveLength(202);
  });
});
