import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { FakeUpstream, type ReceivedRequest } from '../support/fake-upstream.js';
import { readStream } from '../conformance/client-view.js';
import { ADMIN, API_KEY, AS_ADMIN, Gateway } from '../support/gateway.js';

const REQUEST = { model: 'm', prompt: 'la', max_tokens: 6, temperature: 0 };
const API_KEYS = [{ id: 'test', hash: hashApiKey(API_KEY) }, ADMIN];
/** Real ones send 31 equal tokens before they give up on a text. */
const MOST = 2;

/** Ends a text that repeats itself, without a last line. */
function giveUp(response: ServerResponse, { body }: ReceivedRequest): void {
  const { stream, options } = body as { stream: boolean; options: { num_predict: number } };
  const count = options.num_predict;
  if (!stream) {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify({ response: ' la'.repeat(MOST), done: false }));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (let at = 0; at < Math.min(count, MOST); at++) response.write('{"response":" la","done":false}\n');
  if (count <= MOST) response.write('{"response":"","done":true,"done_reason":"length","eval_count":2}\n');
  response.end();
}

describe('Ollama, which gives up on a text that repeats itself', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(giveUp);
    gateway = await Gateway.inFrontOf(upstream, {
      config: { apiKeys: API_KEYS },
      upstream: { engine: 'ollama', health: { ejectAfterFailures: 1 } },
    });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('is asked for the rest of a stream', async () => {
    const body = { ...REQUEST, stream: true };
    const { choices } = await readStream(await gateway.complete(body), body);
    expect(choices).toMatchObject([{ text: ' la'.repeat(6), finish_reason: 'length' }]);
    expect(upstream.requests.map(({ body }) => body.prompt)).toEqual(['la', 'la la la', 'la la la la la']);
  });

  it('is not ejected for a text that ends in an error all the same', async () => {
    const response = await gateway.complete({ ...REQUEST, max_tokens: 100, stream: true });
    expect(await response.text()).toContain('"code":"upstream_error"');
    const described = await (await gateway.get('/admin/upstreams', AS_ADMIN)).json();
    expect(described).toMatchObject({ upstreams: [{ condition: 'healthy', ejections: 0 }] });
  });

  it('has `length` for the finish reason of a whole answer', async () => {
    const response = await gateway.complete(REQUEST);
    expect(await response.json()).toMatchObject({ choices: [{ text: ' la la', finish_reason: 'length' }] });
  });
});
