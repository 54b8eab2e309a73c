import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { beginStream, chunk, events, FakeUpstream, replyEvents } from '../support/fake-upstream.js';
import { eventsOf, Gateway } from '../support/gateway.js';

const REQUEST = { model: 'test-model', prompt: 'Hi', stream: true };
const USAGE = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };

type Chunk = Record<string, unknown> & { choices: Record<string, unknown>[] };

describe('the stream of an engine', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  async function said(body: object = {}, options: object = {}): Promise<string[]> {
    gateway = await Gateway.inFrontOf(upstream, options);
    const response = await gateway.complete({ ...REQUEST, ...body });
    expect(response.status).toBe(200);
    return eventsOf(response);
  }

  const chunksOf = (data: string[]): Chunk[] =>
    data.filter((each) => each !== '[DONE]').map((each) => JSON.parse(each) as Chunk);

  const answer = (text: string): void =>
    upstream.onCompletion((response) => {
      beginStream(response);
      response.end(text);
    });

  /** A chunk over several lines of data, as a pretty printer writes it. */
  const spread = (text: string, reason: string | null = null): string =>
    JSON.stringify(chunk(text, reason), null, 1)
      .split('\n')
      .map((line) => `data: ${line}\n`)
      .join('') + '\n';

  it('is made canonical, however it is written', async () => {
    const [first, last] = [chunk(' a'), chunk('', 'stop')].map((each) => JSON.stringify(each));
    const own = `event: message\rid: 1\r\rdata:  ${first}  \r\n: x\r\nretry: 9\r\n\r\ndata\n\n`;
    answer(`\ufeff${own}${spread(' b')}${spread(' c')}data:${last}\n\ndata:  [DONE] \r\r`);
    gateway = await Gateway.inFrontOf(upstream);
    const raw = await (await gateway.complete(REQUEST)).text();
    expect(raw).toMatch(/^(data: \{[^\r\n]*\}\n\n){4}data: \[DONE\]\n\n$/);
    const data = raw.split('\n\n').map((event) => event.replace('data: ', ''));
    expect(data[0]).toBe(first);
    expect(chunksOf(data.slice(0, 4)).map(({ choices }) => choices[0]?.text)).toEqual([' a', ' b', ' c', '']);
  });

  it('cannot smuggle in events by the white space around a text', async () => {
    const plain = JSON.stringify(chunk('one'));
    const forged = plain.replace('"one"', '\ndata: "one"\ndata: ');
    answer(`${events(chunk('one'), chunk('one'))}data: ${forged}\n\n${events(chunk('', 'stop'), '[DONE]')}`);
    gateway = await Gateway.inFrontOf(upstream);
    const raw = await (await gateway.complete(REQUEST)).text();
    expect(raw).toMatch(/^(data: \{[^\r\n]*\}\n\n){4}data: \[DONE\]\n\n$/);
  });

  it.each([
    ['has none', {}],
    ['has null', { text: null }],
  ])('may lack a text: a choice that %s is read as ""', async (_, text) => {
    const silent = (reason: string | null): object => ({ choices: [{ index: 0, finish_reason: reason, ...text }] });
    upstream.onCompletion(replyEvents(silent(null), chunk('Hi'), silent('stop'), '[DONE]'));
    const choices = chunksOf(await said()).map((each) => each.choices[0]);
    expect(choices.map((choice) => choice?.text)).toEqual(['', 'Hi', '']);
    expect(choices.at(-1)).toEqual({ index: 0, text: '', finish_reason: 'stop', logprobs: null });
  });

  const AZURE = {
    id: '',
    object: '',
    created: 0,
    model: '',
    prompt_filter_results: [{ prompt_index: 0 }],
    choices: [],
  };

  it('keeps chunks without choices; only the usage is hidden', async () => {
    const counted = chunk('', null, { choices: [], usage: USAGE, sglext: { routed: 1 } });
    upstream.onCompletion(replyEvents(AZURE, chunk('Hi'), chunk('', 'stop'), counted, '[DONE]'));
    const chunks = chunksOf(await said());
    expect(chunks).toHaveLength(4);
    expect(chunks[0]).toMatchObject({ prompt_filter_results: [{ prompt_index: 0 }], choices: [], model: 'test-model' });
    expect(chunks[3]).toMatchObject({ sglext: { routed: 1 }, choices: [] });
    expect(chunks.filter((each) => 'usage' in each)).toEqual([]);
    expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set(['cmpl-fake']));
  });

  it('shows the usage, and the fields beside it, to clients that asked', async () => {
    const counted = chunk('', null, { choices: [], usage: USAGE, sglext: { routed: 1 } });
    upstream.onCompletion(replyEvents(chunk('Hi', 'stop'), counted, '[DONE]'));
    const chunks = chunksOf(await said({ stream_options: { include_usage: true } }));
    expect(chunks).toHaveLength(2);
    expect(chunks[1]).toMatchObject({ usage: USAGE, sglext: { routed: 1 } });
  });

  it('has not begun with a chunk without choices: a failure after it keeps its own status', async () => {
    upstream.onCompletion(replyEvents(AZURE, { error: { message: 'bad', code: 400 } }));
    gateway = await Gateway.inFrontOf(upstream);
    const response = await gateway.complete(REQUEST);
    expect(response.status).toBe(400);
  });

  it('has the token ids of a prompt once, also when several requests ask for them', async () => {
    upstream.onCompletion((response, request) => {
      const own = (fields: object): object => ({ index: 0, text: 'x', finish_reason: null, logprobs: null, ...fields });
      const ids = { prompt_token_ids: [1, 2], token_ids: [3] };
      return replyEvents(
        chunk('', null, { choices: [own(ids)] }),
        chunk('', null, { choices: [own({ finish_reason: 'stop', token_ids: [4] })] }),
        '[DONE]',
      )(response, request);
    });
    const chunks = chunksOf(await said({ prompt: ['Hi', 'Ho'], n: 2 }, { upstream: { engine: 'llama.cpp' } }));
    expect(upstream.requests).toHaveLength(4);
    const choices = chunks.flatMap((each) => each.choices);
    const told = choices.filter((choice) => 'prompt_token_ids' in choice).map(({ index }) => Number(index) >> 1);
    expect(told.sort()).toEqual([0, 1]);
    expect(choices.flatMap(({ token_ids: ids }) => ids)).toHaveLength(8);
  });

  it('keeps the fields of a choice of a chat completion', async () => {
    const choice = (delta: object, fields: object): object => ({ index: 0, delta, finish_reason: null, ...fields });
    const part = (...choices: object[]): object => ({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices });
    upstream.onCompletion(
      replyEvents(
        { ...part(choice({ role: 'assistant', content: '' }, {})), prompt_token_ids: [1] },
        part(choice({ content: 'Hi' }, { token_ids: [2] })),
        part(choice({}, { finish_reason: 'stop', stop_reason: 7 })),
        '[DONE]',
      ),
    );
    const chunks = chunksOf(await said({}, { upstream: { api: 'chat' } }));
    expect(chunks[0]).toMatchObject({ prompt_token_ids: [1], choices: [{ text: '' }] });
    expect(chunks[1]?.choices[0]).toEqual({
      index: 0,
      text: 'Hi',
      finish_reason: null,
      logprobs: null,
      token_ids: [2],
    });
    expect(chunks[2]?.choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: 7 });
  });
});
