import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { replyEvents, replyJson, chunk, completion, FakeUpstream } from '../support/fake-upstream.js';
import { eventsOf, Gateway } from '../support/gateway.js';
import { Metrics } from '../../src/observability/metrics.js';

const REQUEST = { model: 'test-model', prompt: 'Hi' };
const MAX = Number.MAX_SAFE_INTEGER;

/** A number that JSON can write and no double holds. */
const HUGE = '1e999';
const written = (answer: object): string => JSON.stringify(answer).replaceAll(`"${HUGE}"`, HUGE);

/** Values of `usage` that are no counts. */
const JUNK: [string, unknown][] = [
  ['a negative completion', { prompt_tokens: 2, completion_tokens: -1, total_tokens: 1 }],
  ['a negative prompt', { prompt_tokens: -2, completion_tokens: 1, total_tokens: -1 }],
  ['a fraction', { prompt_tokens: 2, completion_tokens: 0.5, total_tokens: 2.5 }],
  ['texts', { prompt_tokens: '2', completion_tokens: '3', total_tokens: '5' }],
  ['numbers without an end', { prompt_tokens: HUGE, completion_tokens: HUGE }],
  ['objects', { prompt_tokens: {}, completion_tokens: [] }],
  ['a list', [1, 2, 3]],
  ['a number', 7],
];

describe('a usage that holds no counts', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const metricsOf = (): Promise<string> => gateway.app.get(Metrics).read();

  it.each(JUNK)('is left out of a whole answer: %s', async (_name, usage) => {
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'forward' } });
    upstream.onCompletion(replyJson(written(completion('Hello', { usage }))));
    const response = await gateway.complete(REQUEST);
    const answer = (await response.json()) as object;
    expect(response.status).toBe(200);
    expect(answer).not.toHaveProperty('usage');
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ status: 200 });
    expect(line).not.toHaveProperty('completionTokens');
    expect(await metricsOf()).not.toMatch(/gateway_observer_faults_total\{/);
  });

  it.each(JUNK)('is left out of a stream that asked for it: %s', async (_name, usage) => {
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'forward' } });
    upstream.onCompletion(
      replyEvents(
        written(chunk('Hello', null, { usage })),
        chunk('', 'stop'),
        written({ ...chunk(''), choices: [], usage }),
        '[DONE]',
      ),
    );
    const response = await gateway.complete({
      ...REQUEST,
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    });
    const data = await eventsOf(response);
    expect(data.at(-1)).toBe('[DONE]');
    expect(data.filter((each) => /"usage":[^n]/.test(each))).toEqual([]);
    expect(await gateway.accessLog()).toMatchObject([{ status: 200 }]);
    expect(await metricsOf()).not.toMatch(/gateway_observer_faults_total\{/);
  });

  it('is not made by adding up the parts of an answer', async () => {
    gateway = await Gateway.inFrontOf(upstream, { upstream: { capabilities: { prompt_list: 'emulate' } } });
    const usage = { prompt_tokens: MAX, completion_tokens: MAX, total_tokens: MAX };
    upstream.onCompletion(replyJson(written(completion('Hello', { usage }))));
    const response = await gateway.complete({ ...REQUEST, prompt: ['one', 'two'] });
    expect(await response.json()).toMatchObject({ usage });
    expect(await gateway.accessLog()).toMatchObject([{ status: 200, promptTokens: MAX, completionTokens: MAX }]);
    expect(await metricsOf()).not.toMatch(/gateway_observer_faults_total\{/);
  });

  it('is not made by a correct count, where two tokens become one', async () => {
    gateway = await Gateway.inFrontOf(upstream, { upstream: { engine: 'llama-cpp-python' } });
    upstream.onCompletion((response, request) => {
      // " administra" has two tokens, and so has "tion"; together they are one.
      if (request.path.endsWith('/count')) {
        const { input } = request.body;
        return replyJson({ count: input === ' administration' ? 1 : 2 })(response, request);
      }
      return replyEvents(chunk('tion'), chunk('', 'stop'), '[DONE]')(response, request);
    });
    const body = { ...REQUEST, prompt: ' administra', stream: true, stream_options: { include_usage: true } };
    const data = await eventsOf(await gateway.complete(body));
    expect(JSON.parse(data.at(-2) ?? '')).toMatchObject({
      usage: { prompt_tokens: 2, completion_tokens: 0, total_tokens: 2 },
    });
    expect(await gateway.accessLog()).toMatchObject([{ status: 200, promptTokens: 2, completionTokens: 0 }]);
  });
});
