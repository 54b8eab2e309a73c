import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI, { InternalServerError, RateLimitError } from 'openai';
import {
  breakAfter,
  chunk,
  completion,
  events,
  FakeUpstream,
  replyEvents,
  replyJson,
  reset,
} from '../support/fake-upstream.js';
import { API_KEY, Gateway, ONE_ATTEMPT } from '../support/gateway.js';
import { clientOf, rejected } from './openai-client.js';

describe('the openai package on an upstream that fails', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  const request = { model: 'test-model', prompt: 'Once upon a time' };

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { config: { routing: ONE_ATTEMPT } });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const overloaded = { error: { message: 'Slow down', type: 'requests', code: 'rate_limit_exceeded' } };

  it.each([
    {
      title: 'RateLimitError for its 429',
      behaviour: replyJson(overloaded, 429, { 'retry-after': '7' }),
      type: RateLimitError,
      error: { status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' },
    },
    {
      title: 'InternalServerError for its 500',
      behaviour: replyJson({ error: { message: 'CUDA error' } }, 500),
      type: InternalServerError,
      error: { status: 502, code: 'upstream_error', type: 'upstream_error' },
    },
    {
      title: 'InternalServerError, not AuthenticationError, for its 401',
      behaviour: replyJson({ error: 'Unauthorized' }, 401),
      type: InternalServerError,
      error: { status: 502, code: 'upstream_refused_credential', type: 'upstream_error' },
    },
    {
      title: 'InternalServerError when it hangs up',
      behaviour: reset,
      type: InternalServerError,
      error: { status: 502, code: 'upstream_error', type: 'upstream_error' },
    },
  ])('throws $title', async ({ behaviour, type, error }) => {
    upstream.onCompletion(behaviour);
    const thrown = await rejected(clientOf(`${gateway.url}/v1`).completions.create(request));
    expect(thrown).toBeInstanceOf(type);
    expect(thrown).toMatchObject(error);
  });

  it('throws InternalServerError when nothing listens there', async () => {
    await upstream.stop();
    const thrown = await rejected(clientOf(`${gateway.url}/v1`).completions.create(request));
    expect(thrown).toBeInstanceOf(InternalServerError);
    expect(thrown).toMatchObject({ status: 503, code: 'no_upstream_available' });
    expect(thrown.headers?.get('retry-after')).toBe('1');
  });

  it('throws in mid-stream, after the delivered text: a broken stream is no short answer', async () => {
    upstream.onCompletion(breakAfter(events(chunk('Once'))));
    let text = '';
    const reading = (async () => {
      const stream = await clientOf(`${gateway.url}/v1`).completions.create({ ...request, stream: true });
      for await (const part of stream) text += part.choices[0]?.text ?? '';
    })();
    const thrown = await rejected(reading);
    expect(thrown).toMatchObject({ code: 'upstream_error', type: 'upstream_error' });
    expect(text).toBe('Once');
  });

  it('gets the whole text of a stream that the gateway resumes', async () => {
    const resuming = await Gateway.inFrontOf(upstream);
    upstream.onCompletion((response, received) => {
      const isFirst = upstream.requests.length === 1;
      const reply = isFirst ? breakAfter(events(chunk('Once'))) : replyEvents(chunk(' upon', 'stop'), '[DONE]');
      return reply(response, received);
    });
    let text = '';
    const stream = await clientOf(`${resuming.url}/v1`).completions.create({ ...request, stream: true });
    for await (const part of stream) text += part.choices[0]?.text ?? '';
    expect(text).toBe('Once upon');
    await resuming.stop();
  });

  it('reads Retry-After, and retries at once when that is 0', async () => {
    upstream.onCompletion((response, received) => {
      const isFirst = upstream.requests.length === 1;
      const reply = isFirst ? replyJson(overloaded, 429, { 'retry-after': '0' }) : replyJson(completion('At last'));
      return reply(response, received);
    });
    const seen: (string | null)[] = [];
    const openai = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: API_KEY,
      maxRetries: 1,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        seen.push(response.headers.get('retry-after'));
        return response;
      },
    });
    const answer = await openai.completions.create(request);
    expect(answer.choices[0]?.text).toBe('At last');
    expect(seen).toEqual(['0', null]);
  });

  it('does not retry a request that can never succeed', async () => {
    upstream.onCompletion(replyJson({ error: { message: 'too long', code: 'context_length_exceeded' } }, 400));
    await rejected(clientOf(`${gateway.url}/v1`, { maxRetries: 2 }).completions.create(request));
    expect(upstream.requests).toHaveLength(1);
  });
});
