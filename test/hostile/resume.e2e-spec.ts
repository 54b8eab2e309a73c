import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeUpstream } from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';
import { BREAKS, PROMPT, storyEvents, storyUpTo, tell } from '../support/storyteller.js';

const REQUEST = { model: 'test-model', prompt: PROMPT, max_tokens: 20, stream: true as const };
const DELIVERED = 3;

/** With these, the continuation depends on the text so far, or the engine sees more than the prompt. */
const REFUSED: [field: string, value: unknown][] = [
  ['structured_outputs', { json: {} }],
  ['guided_json', { type: 'object' }],
  ['guided_regex', '\\d+'],
  ['guided_choice', ['yes', 'no']],
  ['guided_grammar', 'root ::= "a"'],
  ['response_format', { type: 'json_object' }],
  ['grammar', 'root ::= "a"'],
  ['json_schema', { type: 'object' }],
  ['regex', '\\d+'],
  ['ebnf', 'root ::= "a"'],
  ['structural_tag', '{}'],
  ['prompt_embeds', 'AAAA'],
  ['kv_transfer_params', { do_remote_decode: true }],
  ['bootstrap_host', '10.0.0.1'],
  ['bootstrap_port', 8998],
  ['bootstrap_room', 1],
  ['use_beam_search', true],
  ['truncate_prompt_tokens', 10],
  ['mirostat', 2],
  ['anything_unknown', false],
];

const HARMLESS: [field: string, value: unknown][] = [
  ['top_k', 40],
  ['min_p', 0.1],
  ['typical_p', 0.9],
  ['ignore_eos', true],
  ['stop_token_ids', [5]],
  ['repetition_penalty', 1.1],
  ['repeat_penalty', 1.1],
  ['min_tokens', 5],
  ['priority', 1],
  ['cache_salt', 'x'],
  ['cache_prompt', true],
  ['request_id', 'mine'],
  ['rid', 'mine'],
  ['guided_json', null],
];

describe('a stream that breaks, of a request with fields outside the contract', () => {
  let first: FakeUpstream;
  let second: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    first = await FakeUpstream.start(tell({ id: 'first' }, { afterEvents: DELIVERED, how: BREAKS['a reset'] }));
    second = await FakeUpstream.start(tell({ id: 'the-second' }));
    gateway = await start();
  });

  beforeEach(() => {
    first.requests.length = 0;
    second.requests.length = 0;
  });

  afterAll(async () => {
    await gateway.stop();
    await first.stop();
    await second.stop();
  });

  function start(options: object = {}): Promise<Gateway> {
    const health = { ejectAfterFailures: 1_000 };
    return Gateway.start({
      upstreams: [
        { name: 'first', baseUrl: first.baseUrl, health, extraParameters: 'forward' },
        { name: 'second', baseUrl: second.baseUrl, priority: 1, health, extraParameters: 'forward', ...options },
      ],
      routing: { retryBudgetPercent: 100 },
    });
  }

  async function expectErrorEvent(fields: object): Promise<void> {
    const whole = await (await gateway.complete({ ...REQUEST, ...fields })).text();
    const before = storyEvents({ id: 'first' }, REQUEST).slice(0, DELIVERED).join('');
    expect(whole.startsWith(before)).toBe(true);
    expect(whole.slice(before.length)).toMatch(/^data: \{"error":\{[^\n]+\}\}\n\n$/);
    expect([first.requests.length, second.requests.length]).toEqual([1, 0]);
  }

  it.each(REFUSED)('ends in an error event, and no other upstream is asked: %s', async (field, value) => {
    await expectErrorEvent({ [field]: value });
    expect(first.lastRequest.body).toHaveProperty(field);
  });

  it('ends in an error event with an unknown option of the stream', async () => {
    await expectErrorEvent({ stream_options: { something_new: true } });
  });

  it.each(HARMLESS)('is resumed where the field changes nothing: %s', async (field, value) => {
    const whole = await (await gateway.complete({ ...REQUEST, [field]: value })).text();
    expect(whole).toBe(storyEvents({ id: 'first' }, REQUEST).join(''));
    expect(second.lastRequest.body.prompt).toBe(PROMPT + storyUpTo(DELIVERED));
  });

  it('is not resumed where the prompt would be a chat message, which is answered and not continued', async () => {
    const chat = await start({ api: 'chat' });
    await (await chat.complete(REQUEST)).text();
    await chat.stop();
    expect(first.requests.length).toBeGreaterThan(1);
    expect(second.requests).toHaveLength(0);
  });
});
