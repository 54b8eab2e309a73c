import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Socket } from 'node:net';
import { chunk, completion, events, FakeUpstream, replyEvents, replyJson } from './support/fake-upstream.js';
import { API_KEY, Gateway } from './support/gateway.js';

const BODY = '{"model":"test-model","prompt":"Once upon a time","max_tokens":8}';
const STREAM = BODY.replace('}', ',"stream":true}');
const WORDS = 500;

/** Costs are counted: a clock would give another result on each machine. */
describe('what a request costs', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream);
    // The first requests compile and connect.
    for (const body of [BODY, STREAM]) await (await gateway.complete(body)).text();
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  /** The texts that were parsed while `act` ran, log lines left out. */
  async function parsed(act: () => Promise<unknown>): Promise<string[]> {
    const parse = jest.spyOn(JSON, 'parse');
    await act();
    const texts = parse.mock.calls.map(([json]) => json);
    parse.mockRestore();
    return texts.filter((text) => !text.startsWith('{"level"'));
  }

  /** With a client that has no AbortSignal itself, as `fetch` has. */
  async function postPlainly(body: string): Promise<number | undefined> {
    const headers = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' };
    const sent = request(`${gateway.url}/v1/completions`, { method: 'POST', headers });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    return response.statusCode;
  }

  it('is one parse of the body and one of the answer, which is passed on unchanged', async () => {
    const answer = JSON.stringify(completion('Hello'));
    upstream.onCompletion(replyJson(answer));
    expect(await parsed(async () => (await gateway.complete(BODY)).text())).toEqual([BODY, answer]);
  });

  it('is no run of class-validator, unless there is an error to explain', async () => {
    upstream.onCompletion(replyJson(completion('Hello')));
    const asked = jest.spyOn(getMetadataStorage(), 'getTargetValidationMetadatas');
    expect((await gateway.complete(BODY)).status).toBe(200);
    expect(asked).not.toHaveBeenCalled();
    expect((await gateway.complete(BODY.replace('8', '-8'))).status).toBe(422);
    expect(asked).toHaveBeenCalled();
  });

  it.each([
    ['as they come', 'test-model'],
    ["under the requested model's name", 'another-name'],
  ])('of a stream is no parse of plain chunks, passed on %s', async (_, model) => {
    const words = Array.from({ length: WORDS }, (__, index) => chunk(` word${index}`, null, { model }));
    const end = chunk('', 'length', { model });
    const usage = { prompt_tokens: 1, completion_tokens: WORDS, total_tokens: WORDS + 1 };
    const counts = chunk('', null, { model, choices: [], usage });
    upstream.onCompletion(replyEvents(...words, end, counts, '[DONE]'));
    let text = '';
    const texts = await parsed(async () => {
      text = await (await gateway.complete(STREAM)).text();
    });
    expect(text.match(/ word\d+"/g)).toHaveLength(WORDS);
    // The body; the first chunk, and its template; the end; the usage.
    expect(texts.filter((each) => each.startsWith('{'))).toHaveLength(5);
  });

  it.each([
    ['in one piece', 100],
    ['in a piece each, as engines send them', 1],
  ])('of a stream is one write for all events of one read, which came %s', async (_, eventsInPiece) => {
    const words = Array.from({ length: 100 / eventsInPiece }, () =>
      framed(events(...Array.from({ length: eventsInPiece }, () => chunk(' word')))),
    );
    upstream.onCompletion((response) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
      const end = framed(events(chunk('', 'length'), '[DONE]'));
      response.socket?.end(`${head}${words.join('')}${end}0\r\n\r\n`);
    });
    const write = jest.spyOn(Socket.prototype, 'write');
    await (await gateway.complete(STREAM)).text();
    const ours = write.mock.calls.map(([piece]) => String(piece)).filter((piece) => /^[0-9a-f]+\r\ndata: /.test(piece));
    expect(ours.join('').match(/ word"/g)).toHaveLength(100);
    expect(ours.length).toBeLessThanOrEqual(2);
  });

  it('is no listener of an AbortSignal, which would keep the request until the next full collection', async () => {
    upstream.onCompletion(replyJson(completion('Hello')));
    const listened = jest.spyOn(AbortSignal.prototype, 'addEventListener');
    expect(await postPlainly(BODY)).toBe(200);
    upstream.onCompletion(replyEvents(chunk('Hello', 'stop'), '[DONE]'));
    expect(await postPlainly(STREAM)).toBe(200);
    expect(listened).not.toHaveBeenCalled();
  });

  it('is one request upstream, on a connection that is kept', async () => {
    upstream.onCompletion(replyJson(completion('Hello')));
    upstream.requests.length = 0;
    for (let count = 0; count < 20; count++) await (await gateway.complete(BODY)).text();
    expect(upstream.requests).toHaveLength(20);
    expect(await upstream.openConnections()).toBe(1);
  });
});

/** A chunk of HTTP (RFC 9112, section 7.1). */
function framed(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}
