import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGzip } from 'node:zlib';
import { type Behaviour, FakeUpstream, hang, replyJson } from '../support/fake-upstream.js';
import { API_KEY, Gateway } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import {
  type Break,
  BREAKS,
  fallSilent,
  PROMPT,
  PROMPT_TOKENS,
  STORY,
  storyEvents,
  tell,
} from '../support/storyteller.js';
import { until } from '../support/wait.js';

const REQUEST = { model: 'test-model', prompt: PROMPT, max_tokens: 20, stream: true as const };
const WITH_USAGE = { ...REQUEST, stream_options: { include_usage: true } };
const IDLE_MS = 300;
const HEARTBEAT_MS = 1_000;

const delivered = (count: number): string => STORY.slice(0, count).join('');

describe('POST /v1/completions when a stream breaks', () => {
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    first = await FakeUpstream.start(tell({ id: 'first' }));
    second = await FakeUpstream.start(tell({ id: 'the-second' }));
    gateway = await start();
  });

  afterEach(async () => {
    await gateway.stop();
    await first.stop();
    await second.stop();
  });

  function start(routing: object = {}, server: object = {}, options: object = {}): Promise<Gateway> {
    const timeouts = { idleMs: IDLE_MS };
    // Here it is each stream that is broken, time after time; when that ejects an upstream is another question.
    const health = { ejectAfterFailures: 1_000 };
    const extraParameters = 'forward';
    return Gateway.start(
      {
        upstreams: [
          { name: 'first', baseUrl: first.baseUrl, timeouts, health, extraParameters, ...options },
          { name: 'second', baseUrl: second.baseUrl, priority: 1, health, extraParameters, ...options },
        ],
        routing: { retryBudgetPercent: 100, ...routing },
        server: { heartbeatMs: HEARTBEAT_MS, ...server },
      },
      clock,
    );
  }

  const breakFirst = (afterEvents: number, how: Break = BREAKS['a reset']): void => {
    first.onCompletion(tell({ id: 'first' }, { afterEvents, how }));
  };

  /** The stream of the first upstream as a caller gets it that nobody disturbs. */
  const undisturbed = (request: object, id = 'first'): string => storyEvents({ id }, request).join('');

  /** Ends with an error event and without `[DONE]`, after so many events. */
  async function expectErrorEvent(
    response: Response,
    request: object,
    eventCount: number,
    code: string,
  ): Promise<void> {
    expect(response.status).toBe(200);
    const whole = await response.text();
    const before = storyEvents({ id: 'first' }, request).slice(0, eventCount).join('');
    expect(whole.startsWith(before)).toBe(true);
    const rest = whole.slice(before.length);
    expect(rest).toMatch(/^data: [^\n]+\n\n$/);
    expect(JSON.parse(rest.slice(6))).toEqual({
      error: { message: expect.any(String), type: 'upstream_error', param: null, code },
    });
  }

  describe.each(Object.entries(BREAKS))('by %s', (name, how) => {
    it.each([
      ['plain', REQUEST],
      ['with usage', WITH_USAGE],
      ['with log probabilities', { ...WITH_USAGE, logprobs: 1 }],
      ['that reaches its limit', { ...WITH_USAGE, max_tokens: 6 }],
    ])('gives the stream as it would have been, wherever it breaks: %s', async (_name, request) => {
      const all = storyEvents({ id: 'first' }, request);
      for (let k = 0; k < all.length; k++) {
        breakFirst(k, how);
        const response = await gateway.complete(request);
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
        // With nothing delivered it is a fallback: everything is the second's.
        const expected = undisturbed(request, k === 0 ? 'the-second' : 'first');
        // Who ends a stream whose choices have all finished may know no usage: nobody else is asked for it.
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

  it('goes on after a silence that is too long, and aborts the silent request', async () => {
    for (let k = 1; k <= STORY.length; k++) {
      breakFirst(k, fallSilent);
      const response = await gateway.complete(WITH_USAGE);
      await timePassesUntil(() => second.requests.length === k);
      expect(await response.text()).toBe(undisturbed(WITH_USAGE));
      await first.lastRequest.aborted;
      expect(second.lastRequest.body.prompt).toBe(PROMPT + delivered(k));
    }
  });

  it('goes on after a compressed stream that is cut, with what could be read of it', async () => {
    first.onCompletion((response, request) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.on('data', (piece: Buffer) => response.write(piece));
      gzip.write(storyEvents({ id: 'first' }, request.body).slice(0, 3).join(''));
      gzip.flush(() => response.write('', () => response.socket?.destroy()));
    });
    expect(await (await gateway.complete(WITH_USAGE)).text()).toBe(undisturbed(WITH_USAGE));
    expect(second.lastRequest.body.prompt).toBe(PROMPT + delivered(3));
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
    breakFirst(3);
    const request = { ...REQUEST, ...parameters, n: 1, best_of: 1, echo: false };
    const response = await gateway.complete(request, { headers: { 'x-request-id': 'request-1' } });
    expect(await response.text()).toBe(undisturbed(request));
    const sent = { model: 'test-model', stream: true, stream_options: { include_usage: true }, ...parameters };
    expect(first.requests.map(({ body }) => body)).toEqual([{ ...sent, prompt: PROMPT, max_tokens: 20, n: 1 }]);
    expect(second.requests.map(({ body }) => body)).toEqual([
      { ...sent, prompt: PROMPT + delivered(3), max_tokens: 17 },
    ]);
    expect(second.lastRequest.headers['x-request-id']).toMatch(/^request-1-[0-9a-f]{8}-2-1$/);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ attempts: 2, resumes: 1, status: 200, upstream: 'second' });
  });

  it('ends in an error event where the delivered text may end within a token, since a stop text is looked for', async () => {
    await gateway.stop();
    gateway = await start({}, {}, { engine: 'vllm' });
    breakFirst(3);
    const request = { ...REQUEST, stop: ['END'] };
    await expectErrorEvent(await gateway.complete(request), request, 3, 'upstream_error');
    expect(second.requests).toHaveLength(0);
    breakFirst(3);
    expect(await (await gateway.complete(REQUEST)).text()).toBe(undisturbed(REQUEST));
  });

  it('counts from the default of 16 tokens when no limit is given', async () => {
    breakFirst(4);
    await (await gateway.complete({ ...REQUEST, max_tokens: null })).text();
    expect(second.lastRequest.body.max_tokens).toBe(12);
  });

  it.each(['prompt', 'completion'] as const)(
    'goes on with the offsets of the first when the second counts them from the %s',
    async (offsetsFrom) => {
      second.onCompletion(tell({ id: 'the-second', offsetsFrom }));
      const request = { ...WITH_USAGE, logprobs: 1 };
      for (let k = 1; k <= STORY.length; k++) {
        breakFirst(k);
        expect(await (await gateway.complete(request)).text()).toBe(undisturbed(request));
      }
    },
  );

  it('counts tokens whose text came late: pieces of a character, and what might have become a stop text', async () => {
    first.onCompletion((response, request) => {
      const [one = '', two = '', three = ''] = storyEvents({ id: 'first' }, request.body);
      const held = [two, three].map((event) => event.replace(/"text":"[^"]*"/, '"text":""'));
      const late = one.replace('"Once"', JSON.stringify(delivered(4)));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(held.join('') + held.join('').slice(0, held[0]?.length) + late, () => response.socket?.destroy());
    });
    const whole = await (await gateway.complete(WITH_USAGE)).text();
    expect(textOf(whole)).toBe(delivered(STORY.length));
    expect(second.lastRequest.body).toMatchObject({ prompt: PROMPT + delivered(4), max_tokens: 16 });
    expect(usagesOf(whole)).toEqual([{ prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 }]);
  });

  it.each([
    ['without log probabilities', {}],
    ['with log probabilities', { logprobs: 1 }],
  ])('gives an echoed prompt once, wherever it breaks, %s', async (_, parameters) => {
    const request = { ...WITH_USAGE, ...parameters, echo: true };
    const all = storyEvents({ id: 'first' }, request);
    const promptEvents = Math.ceil(PROMPT.length / 2);
    for (let k = 1; k < all.length; k++) {
      breakFirst(k);
      const response = await gateway.complete(request);
      if (k < promptEvents && 'logprobs' in parameters) {
        await expectErrorEvent(response, request, k, 'upstream_error');
        continue;
      }
      const whole = await response.text();
      expect([k, textOf(whole)]).toEqual([k, PROMPT + delivered(STORY.length)]);
      expect(usagesOf(whole)).toEqual(usagesOf(undisturbed(request)));
      if (k >= promptEvents) expect(whole).toBe(undisturbed(request));
      expect(second.requests.every(({ body }) => !('echo' in body))).toBe(true);
    }
  });

  it('goes on with the one of three choices that is open', async () => {
    const request = { ...WITH_USAGE, n: 3 };
    const choiceEvents = STORY.length + 1;
    for (let k = 2 * choiceEvents; k < 3 * choiceEvents + 1; k++) {
      breakFirst(k);
      expect([k, await (await gateway.complete(request)).text()]).toEqual([k, undisturbed(request)]);
      expect(second.lastRequest.body).not.toHaveProperty('n');
    }
  });

  it('goes on with the one of several prompts that is open', async () => {
    const request = { ...REQUEST, prompt: [PROMPT, PROMPT] };
    breakFirst(STORY.length + 4);
    expect(await (await gateway.complete(request)).text()).toBe(undisturbed(request));
    expect(second.lastRequest.body).toMatchObject({ prompt: PROMPT + delivered(3), max_tokens: 17 });
  });

  it('asks for no more than the finish when all tokens were delivered, and gives no token of that', async () => {
    const request = { ...WITH_USAGE, max_tokens: 4 };
    breakFirst(4);
    expect(await (await gateway.complete(request)).text()).toBe(undisturbed(request));
    expect(second.lastRequest.body).toMatchObject({ prompt: PROMPT + delivered(4), max_tokens: 1 });
  });

  it('asks nobody when only [DONE] is missing, or usage that nobody wants, whatever the prompt', async () => {
    breakFirst(STORY.length + 1);
    expect(await (await gateway.complete(REQUEST)).text()).toBe(undisturbed(REQUEST));
    breakFirst(STORY.length + 2);
    expect(await (await gateway.complete(WITH_USAGE)).text()).toBe(undisturbed(WITH_USAGE));
    const whole = storyEvents({ id: 'first' }, REQUEST);
    first.onCompletion((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(whole.slice(0, -1).join(''), () => response.socket?.destroy());
    });
    expect(await (await gateway.complete({ ...REQUEST, prompt: [1, 2, 3] })).text()).toBe(whole.join(''));
    expect(second.requests).toHaveLength(0);
    for (const line of await gateway.accessLog(3)) expect(line).toMatchObject({ status: 200, attempts: 1 });
  });

  it('goes on again when the rest breaks, too, also where it broke first', async () => {
    first.onCompletion(oneAfterTheOther([2, Infinity], 'first'));
    second.onCompletion(oneAfterTheOther([3], 'the-second'));
    const request = { ...WITH_USAGE, logprobs: 1 };
    expect(await (await gateway.complete(request)).text()).toBe(undisturbed(request));
    expect([...first.requests, ...second.requests].map(({ body }) => [body.prompt, body.max_tokens])).toEqual([
      [PROMPT, 20],
      [PROMPT + delivered(5), 15],
      [PROMPT + delivered(2), 18],
    ]);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ attempts: 3, resumes: 2, completionTokens: STORY.length });
  });

  it('goes on within `maxAttempts` in all, though each attempt brings a token', async () => {
    await gateway.stop();
    gateway = await start({ maxAttempts: 5 });
    first.onCompletion(oneAfterTheOther([1, 1], 'first'));
    second.onCompletion(oneAfterTheOther([1, 1], 'the-second'));
    expect(await (await gateway.complete(WITH_USAGE)).text()).toBe(undisturbed(WITH_USAGE));
    first.onCompletion(oneAfterTheOther([1, 1, 1], 'first'));
    second.onCompletion(oneAfterTheOther([1, 1], 'the-second'));
    await expectErrorEvent(await gateway.complete(WITH_USAGE), WITH_USAGE, 5, 'upstream_error');
  });

  it('gives up when attempts bring chunks without text only', async () => {
    await gateway.stop();
    gateway = await start({ maxAttempts: 3, backoffMs: 1 });
    breakFirst(2);
    second.onCompletion((response, request) => {
      const [one = ''] = storyEvents({ id: 'the-second' }, request.body);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(one.replace(/"text":"[^"]*"/, '"text":""'), () => response.socket?.destroy());
      first.onCompletion(hang);
    });
    const pending = (await gateway.complete(REQUEST)).text();
    let isOver = false;
    void pending.finally(() => (isOver = true));
    await timePassesUntil(() => isOver, 1_000);
    expect(await pending).toMatch(/"error":.*\n\n$/);
    expect(second.requests.length).toBeLessThanOrEqual(2);
  });

  const impossible: [name: string, request: object, afterEvents: number, routing: object][] = [
    ['the prompt is token ids', { ...REQUEST, prompt: [1, 2, 3] }, 2, {}],
    ['two choices are open', { ...REQUEST, n: 2 }, STORY.length, {}],
    ['usage is over several prompts', { ...WITH_USAGE, prompt: [PROMPT, PROMPT] }, STORY.length + 3, {}],
    ['it is off', REQUEST, 3, { resume: 'off' }],
  ];

  it.each(impossible)('ends with an error event, and asks nobody else, where %s', async (_, request, k, routing) => {
    await gateway.stop();
    gateway = await start(routing);
    const told =
      Array.isArray((request as typeof REQUEST).prompt) && !('stream_options' in request) ? REQUEST : request;
    const all = storyEvents({ id: 'first' }, told);
    first.onCompletion((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(all.slice(0, k).join(''), () => response.socket?.destroy());
    });
    await expectErrorEvent(await gateway.complete(request), told, k, 'upstream_error');
    expect(second.requests).toHaveLength(0);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 200, errorCode: 'upstream_error', attempts: 1 });
    expect(line).not.toHaveProperty('resumes');
  });

  it.each<[string, Behaviour, string]>([
    ['answers 503', replyJson('', 503), 'no_upstream_available'],
    ['refuses the longer prompt', replyJson({ error: { message: 'no' } }, 400), 'no'],
  ])('ends with an error event when the other upstream %s', async (_, behaviour, code) => {
    await gateway.stop();
    gateway = await start({ maxAttempts: 2 });
    breakFirst(3);
    second.onCompletion(behaviour);
    const whole = await (await gateway.complete(WITH_USAGE)).text();
    const before = storyEvents({ id: 'first' }, WITH_USAGE).slice(0, 3).join('');
    expect(whole.slice(0, before.length)).toBe(before);
    expect(whole.slice(before.length)).toMatch(/^data: \{"error":.*\}\n\n$/);
    expect(whole).toContain(code);
    expect(whole).not.toContain('[DONE]');
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 200, attempts: 2 });
    expect(line).not.toHaveProperty('resumes');
  });

  it('keeps the connection alive with comments while it looks for another upstream', async () => {
    breakFirst(3);
    const go = Promise.withResolvers<void>();
    second.onCompletion(async (response, request) => {
      await go.promise;
      await tell({ id: 'the-second' })(response, request);
    });
    const response = await gateway.complete(REQUEST);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const head = storyEvents({ id: 'first' }, REQUEST).slice(0, 3).join('');
    let received = '';
    await until('the head of the stream', async () => {
      received += (await reader?.read())?.value ?? '';
      return received.length >= head.length;
    });
    expect(received).toBe(head);
    await second.received();
    for (let i = 0; i < 3; i++) {
      clock.advance(HEARTBEAT_MS);
      expect((await reader?.read())?.value).toBe(':\n\n');
    }
    go.resolve();
    let rest = '';
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) rest += next.value;
    expect(head + rest).toBe(undisturbed(REQUEST));
  });

  it('aborts everything when the caller goes during a resume', async () => {
    breakFirst(3);
    second.onCompletion(hang);
    const caller = new AbortController();
    const response = await gateway.complete(REQUEST, { signal: caller.signal });
    const request = await second.received();
    caller.abort();
    await request.aborted;
    await expect(response.text()).rejects.toThrow();
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 499, attempts: 2 });
    expect([first.requests.length, second.requests.length]).toEqual([1, 1]);
  });

  it('counts what it did in the usage of the access log also when the caller did not ask for it', async () => {
    breakFirst(5);
    await (await gateway.complete(REQUEST, { headers: { authorization: `Bearer ${API_KEY}` } })).text();
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ promptTokens: PROMPT_TOKENS, completionTokens: STORY.length, stream: true });
  });

  /** Breaks its first answer after so many tokens, its second after as many as the next number says, and so on. */
  function oneAfterTheOther(counts: number[], id: string): Behaviour {
    let index = 0;
    return (response, request) => {
      const afterEvents = counts[index++] ?? Infinity;
      const breaks = afterEvents === Infinity ? undefined : { afterEvents, how: BREAKS['a reset'] };
      return tell({ id }, breaks)(response, request);
    };
  }

  async function timePassesUntil(isSo: () => boolean, stepMs = IDLE_MS): Promise<void> {
    await until('what time brings about', isSo, () => clock.advance(stepMs));
  }
});

interface Chunk {
  choices: { text: string }[];
  usage?: object;
}

function chunksOf(stream: string): Chunk[] {
  const data = stream.split('\n\n').filter((event) => event.startsWith('data: {'));
  return data.map((event) => JSON.parse(event.slice(6)) as Chunk);
}

const textOf = (stream: string): string =>
  chunksOf(stream)
    .flatMap(({ choices }) => choices)
    .map(({ text }) => text)
    .join('');

const usagesOf = (stream: string): object[] => chunksOf(stream).flatMap(({ usage }) => usage ?? []);
