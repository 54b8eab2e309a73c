import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type Behaviour,
  breakAfter,
  chunk,
  completion,
  events,
  FakeUpstream,
  replyEvents,
  replyJson,
} from '../support/fake-upstream.js';
import { Gateway } from '../support/gateway.js';

const OF_REQUEST_1 = /^request-1-[0-9a-f]{8}-\d+-\d+$/;

describe('the id of a request upstream', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, {
      upstream: { engine: 'vllm', fanOut: 8, extraParameters: 'forward' },
      config: { routing: { backoffMs: 1 } },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const complete = (fields: object, id = 'request-1'): Promise<Response> =>
    gateway.complete({ model: 'test-model', prompt: 'Hi', ...fields }, { headers: { 'x-request-id': id } });

  const idsSent = (): string[] => upstream.requests.map(({ headers }) => String(headers['x-request-id']));
  const bodyIdsSent = (field: string): string[] => upstream.requests.map(({ body }) => String(body[field]));

  /** As vLLM 0.11: it refuses a request whose id is that of one that is running. Each runs until `count` have come. */
  function refuseRunningIds(count: number): Behaviour {
    const running = new Set<string>();
    const all = Promise.withResolvers<void>();
    return async (response, request) => {
      const { headers, body } = request;
      const id = typeof body.request_id === 'string' ? body.request_id : String(headers['x-request-id']);
      if (running.has(id)) {
        const error = { message: `Request id ${id} already running`, code: 400 };
        await replyJson({ error }, 400)(response, request);
        return;
      }
      running.add(id);
      if (running.size === count) all.resolve();
      await all.promise;
      await replyJson(completion('Hello'))(response, request);
    };
  }

  it('is not sent to an engine that takes only UUIDs', async () => {
    await gateway.stop();
    gateway = await Gateway.inFrontOf(upstream, { upstream: { engine: 'llama-cpp-python' } });
    expect((await complete({})).status).toBe(200);
    expect(upstream.lastRequest.headers).not.toHaveProperty('x-request-id');
  });

  it.each([
    ['of the header', {}],
    ['of the body', { request_id: 'mine' }],
  ])('differs for each part, so that an engine takes parts at the same time: %s', async (_, fields) => {
    upstream.onCompletion(refuseRunningIds(3));
    const response = await complete({ n: 3, temperature: 0, ...fields });
    expect(response.status).toBe(200);
    expect(((await response.json()) as { choices: unknown[] }).choices).toHaveLength(3);
    expect(new Set(idsSent()).size).toBe(3);
    for (const id of idsSent()) expect(id).toMatch(OF_REQUEST_1);
  });

  it('differs for each of several clients that chose the same', async () => {
    upstream.onCompletion(refuseRunningIds(8));
    const responses = await Promise.all(Array.from({ length: 8 }, () => complete({})));
    expect(responses.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
    expect(responses.map(({ headers }) => headers.get('x-request-id'))).toEqual(Array<string>(8).fill('request-1'));
  });

  it('differs for each attempt, and the log has their common prefix', async () => {
    upstream.onCompletion(async (response, request) => {
      await (upstream.requests.length < 3 ? replyJson('', 500) : replyJson(completion('Hello')))(response, request);
    });
    expect((await complete({ request_id: 'mine', rid: 'other' })).status).toBe(200);
    expect(upstream.requests).toHaveLength(3);
    const [line] = await gateway.accessLog();
    expect(line).toMatchObject({ id: 'request-1', attempts: 3 });
    const prefix = String(line?.upstreamIdPrefix);
    expect(idsSent()).toEqual([1, 2, 3].map((attempt) => `${prefix}-${attempt}-1`));
    const suffixes = idsSent().map((id) => id.slice('request-1'.length));
    expect(bodyIdsSent('request_id')).toEqual(suffixes.map((suffix) => `mine${suffix}`));
    expect(bodyIdsSent('rid')).toEqual(suffixes.map((suffix) => `other${suffix}`));
  });

  it('differs for a resume', async () => {
    upstream.onCompletion((response, request) => {
      const isFirst = upstream.requests.length === 1;
      const reply = isFirst ? breakAfter(events(chunk('Once'))) : replyEvents(chunk(' upon', 'stop'), '[DONE]');
      return reply(response, request);
    });
    const whole = await (await complete({ stream: true, request_id: 'mine' })).text();
    expect(whole).toContain('[DONE]');
    expect(new Set(idsSent()).size).toBe(2);
    expect(new Set(bodyIdsSent('request_id')).size).toBe(2);
  });

  it('keeps 64 characters of what the client chose, whatever that is', async () => {
    const long = 'a'.repeat(128);
    const response = await complete({ request_id: `${'b'.repeat(63)}🦊`.repeat(1_000) }, long);
    expect(response.headers.get('x-request-id')).toBe(long);
    expect(idsSent()[0]).toMatch(/^a{64}-[0-9a-f]{8}-1-1$/);
    expect(bodyIdsSent('request_id')[0]).toMatch(/^b{63}\ufffd-[0-9a-f]{8}-1-1$/);
  });
});
