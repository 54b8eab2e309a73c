import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGzip } from 'node:zlib';
import { AnswerReader } from '../support/answer-reader.js';
import { breakAfter, type FakeUpstream, hang, hold } from '../support/fake-upstream.js';
import type { Gateway } from '../support/gateway.js';
import { expectErrorEvent, REQUEST, StoryPair, undisturbed, WITH_USAGE } from '../support/story-pair.js';
import {
  BREAKS,
  fallSilent,
  PROMPT,
  PROMPT_TOKENS,
  STORY,
  storyEvents,
  storyUpTo,
  tell,
  tellInTurn,
} from '../support/storyteller.js';
import { putTogether } from '../support/told-stream.js';

describe('POST /v1/completions when a stream breaks', () => {
  let pair: StoryPair;
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    pair = await StoryPair.start();
    ({ first, second, gateway } = pair);
  });

  afterEach(() => pair.stop());

  describe.each(Object.entries(BREAKS))('by %s', (name, how) => {
    it.each([
      ['plain', REQUEST],
      ['with usage', WITH_USAGE],
      ['with log probabilities', { ...WITH_USAGE, logprobs: 1 }],
      ['that reaches its limit', { ...WITH_USAGE, max_tokens: 6 }],
    ])('gives the stream as it would have been, wherever it breaks: %s', async (_name, request) => {
      const all = storyEvents({ id: 'first' }, request);
      for (let k = 0; k < all.length; k++) {
        pair.breakFirst(k, how);
        const response = await gateway.complete(request);
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
        // Before the first event it is a fallback: everything is the second's.
        const expected = undisturbed(request, k === 0 ? 'the-second' : 'first');
        // An upstream that ends after all choices have finished may report no usage: no other is asked for it.
        const isUsageMissing = name === 'an end without finish and [DONE]' && (all[k] ?? '').includes('"choices":[]');
        expect([k, await response.text()]).toEqual([k, isUsageMissing ? expected.replace(all[k] ?? '', '') : expected]);
      }
      expect(first.requests).toHaveLength(all.length);
      for (const [k, line] of (await gateway.accessLog(all.length)).entries()) {
        const completionTokens = Math.min(STORY.length, request.max_tokens);
        expect(line.status).toBe(200);
        expect(line).not.toHaveProperty('errorCode');
        if (line.attempts === 1) continue;
        expect(line).toMatchObject({ attempts: 2, upstream: 'second', promptTokens: PROMPT_TOKENS, completionTokens });
        expect(line.resumes).toBe(k === 0 ? undefined : 1);
      }
    });
  });

  it('resumes after `idleMs` of silence, and aborts the silent request', async () => {
    for (let k = 1; k <= STORY.length; k++) {
      pair.breakFirst(k, fallSilent);
      const response = await gateway.complete(WITH_USAGE);
      await pair.timePassesUntil(`request ${k} to the second upstream`, () => second.requests.length === k);
      expect(await response.text()).toBe(undisturbed(WITH_USAGE));
      await first.lastRequest.aborted;
      expect(second.lastRequest.body.prompt).toBe(PROMPT + storyUpTo(k));
    }
  });

  it('resumes a compressed stream that is cut, after what could be decompressed', async () => {
    first.onCompletion((response, request) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.on('data', (piece: Buffer) => response.write(piece));
      gzip.write(storyEvents({ id: 'first' }, request.body).slice(0, 3).join(''));
      gzip.flush(() => response.write('', () => response.socket?.destroy()));
    });
    expect(await pair.textFor(WITH_USAGE)).toBe(undisturbed(WITH_USAGE));
    expect(second.lastRequest.body.prompt).toBe(PROMPT + storyUpTo(3));
  });

  it('asks the next upstream for the rest, and for nothing else', async () => {
    const parameters = {
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      suffix: ' And so on.',
      logit_bias: { '5': -1 },
      seed: 7,
      logprobs: 2,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      user: 'u',
      top_k: 40,
    };
    pair.breakFirst(3);
    const request = { ...REQUEST, ...parameters, n: 1, best_of: 1, echo: false };
    const response = await gateway.complete(request, { headers: { 'x-request-id': 'request-1' } });
    expect(await response.text()).toBe(undisturbed(request));
    const sent = { model: 'test-model', stream: true, stream_options: { include_usage: true }, ...parameters };
    expect(first.requests.map(({ body }) => body)).toEqual([{ ...sent, prompt: PROMPT, max_tokens: 20, n: 1 }]);
    expect(second.requests.map(({ body }) => body)).toEqual([
      { ...sent, prompt: PROMPT + storyUpTo(3), max_tokens: 17 },
    ]);
    expect(second.lastRequest.headers['x-request-id']).toMatch(/^request-1-[0-9a-f]{8}-2-1$/);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ attempts: 2, resumes: 1, status: 200, upstream: 'second' });
  });

  it('counts from the default of 16 tokens when no limit is given', async () => {
    pair.breakFirst(4);
    await pair.textFor({ ...REQUEST, max_tokens: null });
    expect(second.lastRequest.body.max_tokens).toBe(12);
  });

  it.each(['prompt', 'completion'] as const)(
    'keeps the text offsets of the first when the second counts them from the %s',
    async (offsetsFrom) => {
      second.onCompletion(tell({ id: 'the-second', offsetsFrom }));
      const request = { ...WITH_USAGE, logprobs: 1 };
      for (let k = 1; k <= STORY.length; k++) {
        pair.breakFirst(k);
        expect(await pair.textFor(request)).toBe(undisturbed(request));
      }
    },
  );

  it('counts tokens whose text came late: pieces of a character, and what might have become a stop text', async () => {
    first.onCompletion((response, request) => {
      const [one = '', two = '', three = ''] = storyEvents({ id: 'first' }, request.body);
      const held = [two, three].map((event) => event.replace(/"text":"[^"]*"/, '"text":""'));
      const late = one.replace('"Once"', JSON.stringify(storyUpTo(4)));
      return breakAfter(held.join('') + held.join('').slice(0, held[0]?.length) + late)(response, request);
    });
    const whole = await pair.textFor(WITH_USAGE);
    expect(putTogether(whole).text).toBe(storyUpTo(STORY.length));
    expect(second.lastRequest.body).toMatchObject({ prompt: PROMPT + storyUpTo(4), max_tokens: 16 });
    expect(putTogether(whole).usages).toEqual([{ prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 }]);
  });

  it.each([
    ['without log probabilities', {}],
    ['with log probabilities', { logprobs: 1 }],
  ])('gives an echoed prompt once, wherever it breaks, %s', async (_, parameters) => {
    const request = { ...WITH_USAGE, ...parameters, echo: true };
    const all = storyEvents({ id: 'first' }, request);
    const promptEvents = Math.ceil(PROMPT.length / 2);
    for (let k = 1; k < all.length; k++) {
      pair.breakFirst(k);
      const response = await gateway.complete(request);
      if (k < promptEvents && 'logprobs' in parameters) {
        await expectErrorEvent(response, request, k);
        continue;
      }
      const whole = await response.text();
      expect([k, putTogether(whole).text]).toEqual([k, PROMPT + storyUpTo(STORY.length)]);
      expect(putTogether(whole).usages).toEqual(putTogether(undisturbed(request)).usages);
      if (k >= promptEvents) expect(whole).toBe(undisturbed(request));
      expect(second.requests.every(({ body }) => !('echo' in body))).toBe(true);
    }
  });

  it('resumes the one of three choices that is open', async () => {
    const request = { ...WITH_USAGE, n: 3 };
    const choiceEvents = STORY.length + 1;
    for (let k = 2 * choiceEvents; k < 3 * choiceEvents + 1; k++) {
      pair.breakFirst(k);
      expect([k, await pair.textFor(request)]).toEqual([k, undisturbed(request)]);
      expect(second.lastRequest.body).not.toHaveProperty('n');
    }
  });

  it('resumes the one of several prompts that is open', async () => {
    const request = { ...REQUEST, prompt: [PROMPT, PROMPT] };
    pair.breakFirst(STORY.length + 4);
    expect(await pair.textFor(request)).toBe(undisturbed(request));
    expect(second.lastRequest.body).toMatchObject({ prompt: PROMPT + storyUpTo(3), max_tokens: 17 });
  });

  it('asks for one token when all were delivered, and delivers only its finish', async () => {
    const request = { ...WITH_USAGE, max_tokens: 4 };
    pair.breakFirst(4);
    expect(await pair.textFor(request)).toBe(undisturbed(request));
    expect(second.lastRequest.body).toMatchObject({ prompt: PROMPT + storyUpTo(4), max_tokens: 1 });
  });

  it('asks nobody when only [DONE] is missing, or usage that nobody wants, whatever the prompt', async () => {
    pair.breakFirst(STORY.length + 1);
    expect(await pair.textFor(REQUEST)).toBe(undisturbed(REQUEST));
    pair.breakFirst(STORY.length + 2);
    expect(await pair.textFor(WITH_USAGE)).toBe(undisturbed(WITH_USAGE));
    const whole = storyEvents({ id: 'first' }, REQUEST);
    first.onCompletion(breakAfter(whole.slice(0, -1).join('')));
    expect(await pair.textFor({ ...REQUEST, prompt: [1, 2, 3] })).toBe(whole.join(''));
    expect(second.requests).toHaveLength(0);
    for (const line of await gateway.accessLog(3)) expect(line).toMatchObject({ status: 200, attempts: 1 });
  });

  it('resumes again when the rest breaks, also on the upstream that broke first', async () => {
    first.onCompletion(tellInTurn({ id: 'first' }, [2, Infinity]));
    second.onCompletion(tellInTurn({ id: 'the-second' }, [3]));
    const request = { ...WITH_USAGE, logprobs: 1 };
    expect(await pair.textFor(request)).toBe(undisturbed(request));
    expect([...first.requests, ...second.requests].map(({ body }) => [body.prompt, body.max_tokens])).toEqual([
      [PROMPT, 20],
      [PROMPT + storyUpTo(5), 15],
      [PROMPT + storyUpTo(2), 18],
    ]);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ attempts: 3, resumes: 2, completionTokens: STORY.length });
  });

  it('keeps the connection alive with comments while it looks for another upstream', async () => {
    pair.breakFirst(3);
    const { behaviour, release } = hold(tell({ id: 'the-second' }));
    second.onCompletion(behaviour);
    const reader = new AnswerReader(await gateway.complete(REQUEST));
    const head = storyEvents({ id: 'first' }, REQUEST).slice(0, 3).join('');
    let received = '';
    while (received.length < head.length) received += String(await reader.next());
    expect(received).toBe(head);
    await second.received();
    for (let i = 0; i < 3; i++) {
      pair.clock.advance(StoryPair.HEARTBEAT_MS);
      expect(await reader.next()).toBe(':\n\n');
    }
    release();
    expect(head + (await reader.rest())).toBe(undisturbed(REQUEST));
  });

  it('aborts everything when the client disconnects during a resume', async () => {
    pair.breakFirst(3);
    second.onCompletion(hang);
    const client = new AbortController();
    const response = await gateway.complete(REQUEST, { signal: client.signal });
    const request = await second.received();
    client.abort();
    await request.aborted;
    await expect(response.text()).rejects.toThrow();
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 499, attempts: 2 });
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  it('logs the usage of the whole stream, also when the client did not ask for it', async () => {
    pair.breakFirst(5);
    await pair.textFor(REQUEST);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ promptTokens: PROMPT_TOKENS, completionTokens: STORY.length, stream: true });
  });
});
