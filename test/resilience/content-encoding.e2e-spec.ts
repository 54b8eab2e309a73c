import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGzip, gzipSync } from 'node:zlib';
import { AnswerReader } from '../support/answer-reader.js';
import {
  answerWith,
  BadAndGood,
  contentType,
  expectGoodAnswer,
  goodAnswerTo,
  isStream,
  REQUEST,
} from '../support/bad-and-good.js';
import { type Behaviour, chunk, events, type FakeUpstream } from '../support/fake-upstream.js';
import { errorOf } from '../support/gateway.js';

const answerByteByByte: Behaviour = async (response, request) => {
  response.writeHead(200, { 'content-type': contentType(isStream(request)) });
  for (const byte of Buffer.from(goodAnswerTo(request))) {
    await new Promise((resolve) => response.write(Buffer.of(byte), resolve));
  }
  response.end();
};

describe('the content coding of an upstream', () => {
  let servers: BadAndGood;
  let bad: FakeUpstream;
  let good: FakeUpstream;

  beforeEach(async () => {
    servers = await BadAndGood.start();
    ({ bad, good } = servers);
  });

  afterEach(() => servers.stop());

  it.each<[string, Behaviour]>([
    ['one byte at a time', answerByteByByte],
    ['as gzip', answerWith((plain) => gzipSync(plain), { 'content-encoding': 'gzip' })],
    ['as GZIP, by another name', answerWith((plain) => gzipSync(plain), { 'content-encoding': 'X-GZIP' })],
    ['uncompressed, and says so', answerWith((plain) => plain, { 'content-encoding': 'identity' })],
  ])('is undone where an answer comes %s', async (_, behaviour) => {
    bad.onCompletion(behaviour);
    const gateway = await servers.gatewayWith();
    for (const stream of [false, true]) await expectGoodAnswer(await gateway.complete({ ...REQUEST, stream }), stream);
    expect(bad.requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'identity']);
    expect(servers.counts).toEqual([2, 0]);
  });

  it.each([
    ['is no gzip', Buffer.from('data: {}\n\n')],
    ['says nonsense', gzipSync(events('{"choices":'))],
  ])('aborts an endless answer that claims to be gzip and %s', async (_, bytes) => {
    bad.onCompletion((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.write(bytes);
    });
    const gateway = await servers.gatewayWith();
    await expectGoodAnswer(await gateway.complete({ ...REQUEST, stream: true }), true);
    await bad.lastRequest.aborted;
    expect(servers.counts).toEqual([1, 1]);
  });

  it('is undone where an error comes as gzip: its message is passed on', async () => {
    bad.onCompletion((response) => {
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ error: { message: 'too long' } })));
    });
    const gateway = await servers.gatewayWith();
    const response = await gateway.complete(REQUEST);
    expect([response.status, (await errorOf(response)).error.message]).toEqual([400, 'too long']);
  });

  it('delays no event of a stream, and no abort when the client disconnects', async () => {
    bad.onCompletion((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      const gzip = createGzip();
      gzip.pipe(response);
      gzip.write(events(chunk('Go')));
      gzip.flush();
    });
    const gateway = await servers.gatewayWith();
    const client = new AbortController();
    const response = await gateway.complete({ ...REQUEST, stream: true }, { signal: client.signal });
    expect(await new AnswerReader(response).next()).toBe(events(chunk('Go')));
    client.abort();
    await bad.lastRequest.aborted;
    expect(good.requests).toHaveLength(0);
  });
});
