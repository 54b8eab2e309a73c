import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Pool } from 'undici';
import { badBodyBytes, nested } from './support/bodies.js';
import { FakeUpstream } from './support/fake-upstream.js';
import { API_KEY, type ErrorAnswer, Gateway } from './support/gateway.js';
import { SEED } from './support/seed.js';

const CONNECTIONS = 8;
/** Different ones in each run. */
const BODIES = 3_000;
const BODY_LIMIT_BYTES = 10_485_760;

describe('POST /v1/completions with bad bodies', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let pool: Pool;
  let connections = 0;

  beforeAll(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream);
    gateway.app.getHttpServer().on('connection', () => connections++);
    pool = new Pool(gateway.url, { connections: CONNECTIONS });
  });

  afterAll(async () => {
    await pool.close();
    await gateway.stop();
    await upstream.stop();
  });

  async function send(body: Buffer): Promise<{ status: number; answer: ErrorAnswer; requestId: unknown }> {
    const {
      statusCode,
      headers,
      body: answer,
    } = await pool.request({
      method: 'POST',
      path: '/v1/completions',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      body,
    });
    return { status: statusCode, answer: (await answer.json()) as ErrorAnswer, requestId: headers['x-request-id'] };
  }

  /** Sends all, several at a time; the answers that are not the documented 422. */
  async function complaintsAbout(bodies: Buffer[]): Promise<string[]> {
    const complaints: string[] = [];
    const rest = bodies.values();
    const sender = async () => {
      for (const body of rest) {
        const { status, answer, requestId } = await send(body);
        if (status === 422 && requestId !== undefined && isIssueList(answer)) continue;
        complaints.push(`${status} ${JSON.stringify(answer)} for ${body.toString('latin1')}`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, sender));
    return complaints;
  }

  it(`answers each of ${BODIES} generated ones with 422 in the documented shape, on connections that stay open`, async () => {
    const complaints = await complaintsAbout(fc.sample(badBodyBytes, { numRuns: BODIES, seed: SEED }));
    expect({ SEED, complaints: complaints.slice(0, 5) }).toEqual({ SEED, complaints: [] });
    expect(upstream.requests).toEqual([]);
    expect(connections).toBe(CONNECTIONS);
  });

  it.each([
    ['a list', nested(100_000)],
    ['an object', nested(100_000, '{"a":', '}')],
    ['the prompt', `{"model":"m","prompt":${nested(100_000)}}`],
    ['stream_options', `{"model":"m","prompt":"p","stream_options":${nested(100_000, '{"a":', '}')}}`],
    ['logit_bias', `{"model":"m","prompt":"p","logit_bias":${nested(100_000, '{"1":', '}')}}`],
    ['a number', `{"model":"m","prompt":"p","n":${nested(100_000)}}`],
    ['an extra field', `{"model":"m","prompt":"p","x":${nested(100_000)}}`],
    ['a list that never ends', '['.repeat(100_000)],
  ])('answers 422 to %s that is nested 100,000 levels deep', async (_, body) => {
    expect(await complaintsAbout([Buffer.from(body)])).toEqual([]);
    expect(upstream.requests).toEqual([]);
  });

  it('answers 413 to one byte more than 10 MB, and 422 to 10 MB of mistakes', async () => {
    const tooLarge = Buffer.alloc(BODY_LIMIT_BYTES + 1, ' ');
    const { status, answer } = await send(tooLarge);
    expect(status).toBe(413);
    const message = 'The body is larger than 10485760 bytes.';
    expect(answer).toEqual({
      detail: message,
      error: { message, type: 'invalid_request_error', param: null, code: 'request_too_large' },
    });

    // Different names: of equal ones JSON.parse would keep one.
    let largest = '{"model":"m","prompt":"p","logit_bias":{"x":1';
    for (let index = 0; largest.length < BODY_LIMIT_BYTES - 20; index++) largest += `,"x${index.toString(36)}":1`;
    largest = `${largest}}}`.padEnd(BODY_LIMIT_BYTES);
    expect(await complaintsAbout([Buffer.from(largest)])).toEqual([]);
    expect(upstream.requests).toEqual([]);
  });

  it('lists 100 problems of a body that has more', async () => {
    const bias = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`, 1]));
    const { answer } = await send(Buffer.from(JSON.stringify({ model: 'm', prompt: 'p', logit_bias: bias })));
    expect(answer.detail).toHaveLength(100);
  });

  it('still answers a good one after all of that', async () => {
    const response = await gateway.complete({ model: 'test-model', prompt: 'Hi' });
    expect(response.status).toBe(200);
    expect(upstream.requests).toHaveLength(1);
  });
});

function isIssueList({ detail, error }: ErrorAnswer): boolean {
  if (!Array.isArray(detail) || detail.length === 0) return false;
  const [first] = detail as { type: unknown }[];
  return (
    (detail as unknown[]).every(isIssue) &&
    JSON.stringify(Object.keys(error)) === '["message","type","param","code"]' &&
    error.message !== '' &&
    error.type === 'invalid_request_error' &&
    (error.param === null || typeof error.param === 'string') &&
    error.code === first?.type
  );
}

function isIssue(value: unknown): boolean {
  const { loc, msg, type, ...others } = value as Record<string, unknown>;
  return (
    Array.isArray(loc) &&
    loc[0] === 'body' &&
    typeof msg === 'string' &&
    typeof type === 'string' &&
    Object.keys(others).length === 0
  );
}
