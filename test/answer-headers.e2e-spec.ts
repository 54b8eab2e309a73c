import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FakeUpstream, chunk, replyEvents, reset } from './support/fake-upstream.js';
import { Gateway } from './support/gateway.js';

const names = (response: Response): string[] =>
  [...response.headers.keys()].filter((name) => name.startsWith('x-gateway'));

describe('the headers x-gateway-…', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const start = async (config: object): Promise<void> => {
    gateway = await Gateway.inFrontOf(upstream, { config, upstream: { engine: 'localai' } });
  };
  const BODY = { model: 'm', prompt: 'p', max_tokens: 5, temperature: 1, top_p: 0.5 };

  it('are not sent unless asked for', async () => {
    await start({});
    expect(names(await gateway.complete(BODY))).toEqual([]);
  });

  it('name the upstream of a JSON answer, its attempts, its times, and what was emulated', async () => {
    await start({ server: { answerHeaders: true } });
    const { headers } = await gateway.complete({ ...BODY, n: 2 });
    expect(headers.get('x-gateway-upstream')).toBe('fake');
    expect(headers.get('x-gateway-attempts')).toBe('1');
    expect(headers.get('x-gateway-time-ms')).toMatch(/^queue=\d+, upstream=\d+, all=\d+$/);
    expect(headers.get('x-gateway-emulated')).toBe('n');
  });

  it('come with a stream, without x-gateway-emulated where nothing was emulated', async () => {
    await start({ server: { answerHeaders: true } });
    upstream.onCompletion(replyEvents(chunk('One', 'stop'), '[DONE]'));
    const response = await gateway.complete({ ...BODY, stream: true });
    expect(names(response)).toEqual(['x-gateway-attempts', 'x-gateway-time-ms', 'x-gateway-upstream']);
    await response.text();
  });

  it('come with a failure: what was tried', async () => {
    await start({ server: { answerHeaders: true }, routing: { maxAttempts: 1 } });
    upstream.onCompletion(reset);
    const response = await gateway.complete(BODY);
    expect(response.status).toBe(502);
    expect(response.headers.get('x-gateway-upstream')).toBe('fake');
    expect(response.headers.get('x-gateway-attempts')).toBe('1');
  });

  it('are missing where no upstream was asked', async () => {
    await start({ server: { answerHeaders: true } });
    expect(names(await gateway.complete('{}'))).toEqual([]);
    expect(names(await gateway.get('/v1/models'))).toEqual([]);
  });
});
