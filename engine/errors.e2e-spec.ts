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
    ['a token id in stop_token_ids', { prompt: 'Hi', stop_token_ids: [5, 1024] }, 'stop_token_ids'],
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
    const { status, body } = await refused({ prompt: 'Hi', temperature: 3, n: 0, top_k: 0.5, typical_p: 0.4 });
    expect(status).toBe(422);
    expect(
      (body as { detail: { loc: unknown[]; type: string }[] }).detail.map(({ loc, type }) => [loc.at(-1), type]),
    ).toEqual([
      ['n', 'greater_than_equal'],
      ['temperature', 'less_than_equal'],
      ['top_k', 'int_type'],
      ['typical_p', 'extra_forbidden'],
    ]);
  });

  it.each([
    [{ top_k: -2 }, 'top_k', 'Input should be greater than or equal to -1'],
    [{ top_k: '5' }, 'top_k', 'Input should be a valid integer'],
    [{ min_p: 1.5 }, 'min_p', 'Input should be less than or equal to 1'],
    [{ repetition_penalty: 0 }, 'repetition_penalty', 'Input should be greater than 0'],
    [{ repetition_penalty: true }, 'repetition_penalty', 'Input should be a valid number'],
    [{ min_tokens: -1 }, 'min_tokens', 'Input should be greater than or equal to 0'],
    [{ min_tokens: 17 }, 'min_tokens', 'Value error, min_tokens must be less than or equal to max_tokens, which is 16'],
    [{ ignore_eos: 1 }, 'ignore_eos', 'Input should be a valid boolean'],
    [{ stop_token_ids: 5 }, 'stop_token_ids', 'Input should be a valid list'],
    [{ stop_token_ids: [5, -1] }, 'stop_token_ids.1', 'Input should be greater than or equal to 0'],
    [{ skip_special_tokens: 'no' }, 'skip_special_tokens', 'Input should be a valid boolean'],
    [{ include_stop_str_in_output: 0 }, 'include_stop_str_in_output', 'Input should be a valid boolean'],
    [{ add_special_tokens: 0 }, 'add_special_tokens', 'Input should be a valid boolean'],
    [{ return_token_ids: 0 }, 'return_token_ids', 'Input should be a valid boolean'],
    [
      { stream_options: { continuous_usage_stats: 1 } },
      'stream_options.continuous_usage_stats',
      'Input should be a valid boolean',
    ],
    [{ min_p: 2 ** 70 }, 'min_p', 'Input should be less than or equal to 1'],
  ])('%j, and says of which field it is', async (fields, param, message) => {
    const { status, body } = await refused({ prompt: 'Hi', ...fields });
    expect(status).toBe(422);
    expect(body).toMatchObject({ error: { param, message: `${param}: ${message}`, type: 'invalid_request_error' } });
  });

  it.each([
    '"top_k":12345678901234567890',
    '"min_p":12345678901234567890',
    '"repetition_penalty":12345678901234567890',
    '"min_tokens":12345678901234567890',
    '"stop_token_ids":[12345678901234567890]',
    '"repetition_penalty":1e400',
  ])('%s', async (field) => {
    const body = `{"model":"storyteller","prompt":"Hi",${field}}`;
    expect(await send('/v1/completions', { method: 'POST', headers: json, body })).toMatchObject({ status: 422 });
  });

  it('what a tool adds to each body only where it says something', async () => {
    const silent = {
      ...{ top_k: -1, min_p: 0, repetition_penalty: 1, min_tokens: 0, ignore_eos: false, stop_token_ids: [] },
      ...{ skip_special_tokens: true, include_stop_str_in_output: false, add_special_tokens: true },
      ...{ return_token_ids: false, no_stop_trim: false, return_hidden_states: false, metadata: null, store: false },
    };
    expect((await refused({ prompt: 'Hi', max_tokens: 1, ...silent })).status).toBe(200);
    expect((await refused({ prompt: 'Hi', no_stop_trim: true })).status).toBe(422);
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
