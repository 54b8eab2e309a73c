import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Client } from 'undici';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { completion, FakeUpstream, hang, replyJson, reset } from '../support/fake-upstream.js';
import { type ErrorAnswer, errorOf, Gateway, postCompletion } from '../support/gateway.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { Inspector } from '../support/inspector.js';
import { until } from '../support/wait.js';

const BUDGET_BYTES = 240_000;
const BODY_BYTES = 50_000;
const KEYS = ['a', 'b', 'c', 'd', 'e'];
const apiKeys = KEYS.map((id) => ({ id, hash: hashApiKey(id), admin: true }));

const headersOf = (key: string): Record<string, string> => ({
  authorization: `Bearer ${key}`,
  'content-type': 'application/json',
});

/** A good body of so many bytes. */
function bodyOf(sizeBytes: number): string {
  const empty = JSON.stringify({ model: 'test-model', prompt: '' });
  return empty.replace('""', `"${'x'.repeat(sizeBytes - empty.length)}"`);
}

function upload(url: string, key: string, more: string): Socket {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = Object.entries({ host: 'x', ...headersOf(key) }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST /v1/completions HTTP/1.1\r\n${head.join('')}${more}`);
  return socket;
}

describe('the budget for bodies', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeEach(async () => {
    upstream = await FakeUpstream.start(hang);
    gateway = await Gateway.inFrontOf(upstream, { config: { apiKeys, server: { bodyBudgetBytes: BUDGET_BYTES } } });
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  function post(
    key: string,
    body: string | Buffer,
    { headers, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    return gateway.complete(body, { headers: { ...headersOf(key), ...headers }, ...(signal && { signal }) });
  }

  /** A request that the upstream has got and does not answer. */
  async function holdBody(
    key: string,
    body: string | Buffer = bodyOf(BODY_BYTES),
    headers = {},
  ): Promise<AbortController> {
    const count = upstream.requests.length;
    const leaving = new AbortController();
    post(key, body, { headers, signal: leaving.signal }).catch(() => undefined);
    await upstream.received(count + 1);
    return leaving;
  }

  async function expectRefusal(response: Response, status: number, code: string, type: string): Promise<void> {
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe('1');
    const { detail, error } = await errorOf(response);
    expect(error).toEqual({ message: detail, type, param: null, code });
  }

  const expectKeyIsFull = (response: Response): Promise<void> =>
    expectRefusal(response, 429, 'rate_limit_exceeded', 'rate_limit_error');

  it('gives a quarter to one key and the whole to all, until a request is over', async () => {
    const first = await holdBody('a');
    await expectKeyIsFull(await post('a', bodyOf(BODY_BYTES)));
    for (const key of ['b', 'c', 'd']) await holdBody(key);
    await expectRefusal(await post('e', bodyOf(BODY_BYTES)), 503, 'overloaded', 'upstream_error');
    expect(upstream.requests).toHaveLength(4);

    first.abort();
    await upstream.requests[0]?.aborted;
    await holdBody('e');
  });

  it('counts what a compressed body unpacks to', async () => {
    const coded = gzipSync(bodyOf(BODY_BYTES));
    expect(coded.length).toBeLessThan(300);
    await holdBody('a', coded, { 'content-encoding': 'gzip' });
    await expectKeyIsFull(await post('a', coded, { headers: { 'content-encoding': 'gzip' } }));
  });

  it('takes no body that is larger than the share of a key, also unpacked', async () => {
    const larger = bodyOf(BUDGET_BYTES / 4 + 1);
    expect((await post('a', larger)).status).toBe(413);
    expect((await post('a', gzipSync(larger), { headers: { 'content-encoding': 'gzip' } })).status).toBe(413);
  });

  it('is asked before a body is read, and as it comes when its size is not declared', async () => {
    await holdBody('a');
    const client = new Client(gateway.url);
    const connections = jest.fn();
    gateway.app.getHttpServer().on('connection', connections);
    const pieces = (): Readable => Readable.from(bodyOf(BODY_BYTES).match(/.{1,1000}/g) ?? []);
    for (const body of [pieces(), bodyOf(BODY_BYTES), pieces()]) {
      const answer = await client.request({ method: 'POST', path: '/v1/completions', headers: headersOf('a'), body });
      expect(answer.statusCode).toBe(429);
      expect(((await answer.body.json()) as ErrorAnswer).error.code).toBe('rate_limit_exceeded');
    }
    // A refused body is read to its end: the connection stays usable.
    expect(connections).toHaveBeenCalledTimes(1);
    await client.close();
  });

  it('has all of it again after bodies that are refused', async () => {
    const broken = bodyOf(BODY_BYTES).slice(0, -1);
    const untyped = bodyOf(BODY_BYTES).replace('"model":"test-model"', '"model":{"a":[10]}');
    const coded = gzipSync(bodyOf(BODY_BYTES));
    const gzip = { headers: { 'content-encoding': 'gzip' } };
    for (let round = 0; round < 3; round++) {
      expect((await post('a', broken)).status).toBe(422);
      expect((await post('a', untyped)).status).toBe(422);
      expect((await post('a', coded.subarray(0, 100), gzip)).status).toBe(422);
      expect((await post('a', gzipSync(bodyOf(BUDGET_BYTES)), gzip)).status).toBe(413);
    }
    upstream.onCompletion(replyJson(completion('Hello')));
    for (let round = 0; round < 3; round++) expect((await post('a', bodyOf(BODY_BYTES))).status).toBe(200);
  });

  it('has all of it again when a client leaves in the middle of its body', async () => {
    upstream.onCompletion(replyJson(completion('Hello')));
    const statusNow = async (): Promise<number> => (await post('a', bodyOf(BODY_BYTES))).status;
    const socket = upload(gateway.url, 'a', `content-length: ${BODY_BYTES}\r\n\r\n{`);
    await until('the begun body to count', async () => (await statusNow()) === 429);
    socket.destroy();
    await until('its share to be free', async () => (await statusNow()) === 200);
  });
});

describe('a large body', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { upstream: { extraParameters: 'forward' } });
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  const withMember = (member: string): string => `{"model":"test-model","prompt":"p",${member}}`;
  const fields = (count: number): string => Array.from({ length: count }, (_, at) => `"f${at}":1`).join(',');
  const items = (count: number): string => `[${'1,'.repeat(count - 1)}1]`;
  const nested = (depth: number): string => `${'['.repeat(depth)}"${'x'.repeat(60_000)}"${']'.repeat(depth)}`;

  it.each([
    ['10,000 fields', withMember(fields(9_998))],
    ['1,000,000 items', `{"model":"test-model","prompt":${items(1_000_000)}}`],
    ['64 levels', withMember(`"x":${nested(63)}`)],
  ])('is taken with %s', async (_, body) => {
    const response = await gateway.complete(body);
    expect(response.status).toBe(200);
    expect(upstream.lastRequest.text).toHaveLength(body.length);
  });

  it('goes to the next upstream as it went to the first', async () => {
    const broken = await FakeUpstream.start(reset);
    const upstreams = [broken, upstream].map(({ baseUrl }, priority) => ({
      name: `u${priority}`,
      baseUrl,
      priority,
      extraParameters: 'forward',
    }));
    const router = await Gateway.start({ upstreams });
    const body = withMember(`"x":{"y":[${'1.5,"é",'.repeat(20_000)}null]}`);
    expect((await router.complete(body)).status).toBe(200);
    expect(broken.lastRequest.text).toBe(body);
    expect(upstream.lastRequest.text).toBe(body);
    await router.stop();
    await broken.stop();
  });

  const FIELDS = 'All objects together should have at most 10000 fields';
  const ITEMS = 'All lists together should have at most 1000000 items';
  const LEVELS = 'Value error, nested deeper than 64 levels';
  it.each([
    ['10,001 fields', withMember(fields(9_999)), FIELDS, 'too_long'],
    ['700,000 fields', withMember(fields(700_000)), FIELDS, 'too_long'],
    ['10,001 fields in many objects', withMember(`"x":[${'{"":1},'.repeat(9_997)}{"":1}]`), FIELDS, 'too_long'],
    ['1,000,001 items', `{"model":"test-model","prompt":${items(1_000_001)}}`, ITEMS, 'too_long'],
    ['3,000,000 empty objects', withMember(`"x":[${'{},'.repeat(3_000_000)}{}]`), ITEMS, 'too_long'],
    ['65 levels', withMember(`"x":${nested(64)}`), LEVELS, 'value_error'],
  ])('is refused with %s before it is parsed', async (_, body, msg, type) => {
    const parse = jest.spyOn(JSON, 'parse');
    const response = await gateway.complete(body);
    const lengths = parse.mock.calls.map(([text]) => text.length);
    parse.mockRestore();
    expect(response.status).toBe(422);
    expect((await errorOf(response)).detail).toEqual([{ loc: ['body'], msg, type }]);
    expect(Math.max(0, ...lengths)).toBeLessThan(BODY_BYTES);
  });
});

describe('what is held of a body', () => {
  const SIZE_BYTES = 1_000_000;
  let upstream: FakeUpstream;
  let gateway: GatewayProcess;
  let inspector: Inspector;
  let url: string;

  async function start(bodyBudgetBytes: number): Promise<void> {
    upstream = await FakeUpstream.start();
    const config = {
      server: { bodyBudgetBytes },
      upstreams: [{ name: 'fake', baseUrl: upstream.baseUrl, maxConcurrency: 4 }],
      apiKeys,
    };
    gateway = GatewayProcess.spawn(config, { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
    url = await gateway.listening();
    inspector = await Inspector.connect(/Debugger listening on (\S+)/.exec(gateway.banner)?.[1] ?? '');
    // What is made once is not counted.
    for (let count = 0; count < 5; count++) expect((await post(bodyOf(bodyBudgetBytes / 5))).status).toBe(200);
    upstream.onCompletion(hang);
    upstream.requests.length = 0;
  }

  afterEach(async () => {
    inspector.close();
    await gateway.stop();
    await upstream.stop();
  });

  const post = (body: string): Promise<Response> => postCompletion(url, body, { headers: headersOf('a') });

  it.each([
    ['a text that is not Latin', JSON.stringify({ model: 'test-model', prompt: '漢'.repeat(SIZE_BYTES / 3) })],
    ['many short lists', `{"model":"test-model","prompt":[${'[1],'.repeat(SIZE_BYTES / 4)}[1]]}`],
  ])('is once its bytes while the upstream is at work or the request waits for a slot: %s', async (_, body) => {
    await start(40 * SIZE_BYTES);
    const queueLength = async (): Promise<string | undefined> => {
      const metrics = await (await fetch(`${url}/metrics`, { headers: headersOf('b') })).text();
      return /^gateway_queue_length (.*)/m.exec(metrics)?.[1];
    };
    expect(await queueLength()).toBe('0');
    const before = await inspector.reachableBytes();
    // They end with the gateway.
    for (let count = 0; count < 8; count++) post(body).catch(() => undefined);
    await upstream.received(4);
    await until('the other four in the queue', async () => (await queueLength()) === '4');
    const held = (await inspector.reachableBytes()) - before;
    expect(held / 8 / Buffer.byteLength(body)).toBeLessThan(1.3);
  });

  it('is twice its bytes at most while they come one by one', async () => {
    const sizeBytes = SIZE_BYTES / 4;
    await start(4.4 * sizeBytes);
    const before = await inspector.reachableBytes();
    const chunks = '1\r\nx\r\n'.repeat(sizeBytes);
    const socket = upload(url, 'a', 'transfer-encoding: chunked\r\n\r\n');
    if (!socket.write(chunks)) await once(socket, 'drain');
    // The share of the key shows how much has come.
    const probe = bodyOf(sizeBytes / 5).slice(1);
    await until('most of the pieces', async () => {
      const response = await post(probe);
      await response.text();
      return response.status === 429;
    });
    const held = (await inspector.reachableBytes()) - before;
    socket.destroy();
    expect(held).toBeLessThan(6 * sizeBytes);
  });
});
