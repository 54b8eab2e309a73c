import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EngineProcess } from '../test/support/engine-process.js';

describe('the engine refuses', () => {
  let engine: EngineProcess;
  beforeAll(async () => {
    engine = await EngineProcess.start();
  });
  afterAll(() => engine.stop());

  const refused = async (body: object): Promise<{ status: number; body: unknown }> => {
    const response = await engine.post(body);
    return { status: response.status, body: await response.json() };
  };
  const send = async (
    path: string,
    init: RequestInit,
  ): Promise<{ status: number; headers: Headers; body: unknown }> => {
    const response = await fetch(`http://127.0.0.1:${engine.port}${path}`, init);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const json = { 'Content-Type': 'application/json' };

  it('what does not fit into the context, in OpenAI’s words, and evaluates nothing', async () => {
    const { tokensGenerated } = await engine.health();
    const message =
      "This model's maximum context length is 512 tokens, however you requested 513 tokens (4 in your prompt; 509 for the completion). " +
      'Please reduce your prompt; or completion length.';
    expect(await refused({ prompt: ['Hi', 'Once upon a time'], max_tokens: 509 })).toEqual({
      status: 400,
      body: {
        detail: message,
        error: { message, type: 'invalid_request_error', param: null, code: 'context_length_exceeded' },
      },
    });
    expect((await engine.health()).tokensGenerated).toBe(tokensGenerated);
  });

  it('a text of megabytes without tokenizing it', async () => {
    const { status, body } = await refused({ prompt: 'word '.repeat(1_000_000) });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: { code: 'context_length_exceeded', message: expect.stringContaining('at least') },
    });
  });

  it.each([
    ['a token id in a prompt', { prompt: [1, 1024] }, 'prompt'],
    ['a token id in a batch', { prompt: [[1], [4_000_000_000]] }, 'prompt'],
    ['a token id in logit_bias', { prompt: 'Hi', logit_bias: { '1024': 1 } }, 'logit_bias'],
  ])('%s that the vocabulary lacks', async (_, body, param) => {
    const answer = await refused(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ error: { type: 'invalid_request_error', code: 'invalid_value', param } });
  });

  it('another model', async () => {
    const { status, body } = await refused({ model: 'gpt-4', prompt: 'Hi' });
    expect(status).toBe(404);
    expect(body).toMatchObject({ detail: expect.any(String), error: { code: 'model_not_found', param: 'model' } });
  });

  it('a bad body, with every problem', async () => {
    const { status, body } = await refused({ prompt: 'Hi', temperature: 3, n: 0, top_k: 4 });
    expect(status).toBe(422);
    expect(
      (body as { detail: { loc: unknown[]; type: string }[] }).detail.map(({ loc, type }) => [loc.at(-1), type]),
    ).toEqual([
      ['n', 'greater_than_equal'],
      ['temperature', 'less_than_equal'],
      ['top_k', 'extra_forbidden'],
    ]);
  });

  it('names that reach for a prototype', async () => {
    const body = '{"model":"storyteller","prompt":"Hi","__proto__":{"echo":true}}';
    const answer = await send('/v1/completions', { method: 'POST', headers: json, body });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ error: { code: 'extra_forbidden' } });
  });

  it('what is not JSON', async () => {
    const answer = await send('/v1/completions', { method: 'POST', headers: json, body: '{"secret":' });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ error: { code: 'json_invalid' } });
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    const empty = await send('/v1/completions', { method: 'POST', headers: json });
    expect(empty).toMatchObject({ status: 422, body: { error: { code: 'missing' } } });
    const text = await send('/v1/completions', {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain' },
      body: '{}',
    });
    expect(text).toMatchObject({ status: 415, body: { error: { code: 'unsupported_media_type' } } });
  });

  it('a body over 10 MiB', async () => {
    const body = JSON.stringify({ model: 'storyteller', prompt: 'a'.repeat(10 * 2 ** 20) });
    const answer = await send('/v1/completions', { method: 'POST', headers: json, body });
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'request_too_large' } } });
  });

  it('routes and methods that it does not have', async () => {
    expect(await send('/v1/chat/completions', { method: 'POST', headers: json, body: '{}' })).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
    const answer = await send('/v1/completions', { method: 'GET' });
    expect(answer).toMatchObject({ status: 405, body: { error: { code: 'method_not_allowed' } } });
    expect(answer.headers.get('allow')).toBe('POST');
  });

  it('nothing of what the model routes are for', async () => {
    const model = { id: 'storyteller', object: 'model', created: 0, owned_by: 'local' };
    expect((await send('/v1/models', {})).body).toEqual({ object: 'list', data: [model] });
    expect((await send('/v1/models/storyteller', {})).body).toEqual(model);
    expect(await send('/v1/models/other', {})).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found' } },
    });
    expect(await send('/v1/models/%', {})).toMatchObject({ status: 404 });
  });
});
