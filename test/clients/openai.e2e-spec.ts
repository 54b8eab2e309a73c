import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type OpenAI from 'openai';
import { AuthenticationError, BadRequestError, NotFoundError, UnprocessableEntityError } from 'openai';
import { GatewayOnEngine } from '../support/gateway-on-engine.js';
import { clientOf, rejected } from './openai-client.js';

const MODEL = 'storyteller';
const PROMPT = 'Once upon a time';
/** `PROMPT` in the storyteller's tokens. */
const PROMPT_TOKENS = [752, 867, 262, 396];
/** Without the end-of-text token, so that a completion reaches `max_tokens`. */
const ENDLESS = { model: MODEL, prompt: PROMPT, max_tokens: 400, logit_bias: { '0': -100 } };

describe('the openai package on the embedded engine', () => {
  let served: GatewayOnEngine;
  let openai: OpenAI;

  beforeAll(async () => {
    served = await GatewayOnEngine.start();
    openai = clientOf(served.baseUrl);
  });

  afterAll(() => served.stop());

  it('gets a completion', async () => {
    const answer = await openai.completions.create({ model: MODEL, prompt: PROMPT, max_tokens: 8, temperature: 0 });
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      model: MODEL,
      choices: [{ index: 0, text: expect.stringMatching(/^,? \w+/), finish_reason: 'length', logprobs: null }],
      usage: { prompt_tokens: 4, completion_tokens: 8, total_tokens: 12 },
    });
  });

  it('gets the same text streamed, piece by piece', async () => {
    const request = { model: MODEL, prompt: PROMPT, max_tokens: 40, seed: 11 };
    const whole = await openai.completions.create(request);
    const pieces: string[] = [];
    const finishReasons: unknown[] = [];
    for await (const part of await openai.completions.create({ ...request, stream: true })) {
      const [choice] = part.choices;
      expect(part.usage).toBeUndefined();
      pieces.push(choice?.text ?? '');
      finishReasons.push(choice?.finish_reason);
    }
    expect(pieces.length).toBeGreaterThan(30);
    expect(pieces.join('')).toBe(whole.choices[0]?.text);
    expect(finishReasons.filter((reason) => reason !== null)).toEqual([whole.choices[0]?.finish_reason]);
  });

  it('gets the usage of a stream in one last chunk without choices', async () => {
    const stream = await openai.completions.create({
      model: MODEL,
      prompt: PROMPT,
      max_tokens: 4,
      logit_bias: { '0': -100 },
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.Completion[] = [];
    for await (const part of stream) chunks.push(part);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 4, total_tokens: 8 },
    });
    expect(chunks.slice(0, -1).every(({ usage, choices }) => !usage && choices.length === 1)).toBe(true);
  });

  it('may send null for every optional parameter', async () => {
    const nulls = {
      best_of: null,
      echo: null,
      frequency_penalty: null,
      logit_bias: null,
      logprobs: null,
      max_tokens: null,
      n: null,
      presence_penalty: null,
      seed: null,
      stop: null,
      stream: null,
      stream_options: null,
      suffix: null,
      temperature: null,
      top_p: null,
    };
    const answer = await openai.completions.create({
      model: MODEL,
      prompt: PROMPT,
      ...nulls,
      // The type of the package has no null here; the API has.
      user: null as unknown as string,
    });
    expect(answer.choices).toHaveLength(1);
    expect(answer.usage?.completion_tokens).toBeLessThanOrEqual(16);
  });

  it('may send token ids, one list or several', async () => {
    const request = { model: MODEL, max_tokens: 6, temperature: 0 };
    const asText = await openai.completions.create({ ...request, prompt: PROMPT });
    const asTokens = await openai.completions.create({ ...request, prompt: PROMPT_TOKENS });
    const asLists = await openai.completions.create({ ...request, prompt: [PROMPT_TOKENS, PROMPT_TOKENS.slice(0, 2)] });
    expect(asTokens.choices).toEqual(asText.choices);
    expect(asLists.choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(asLists.choices[0]).toEqual(asText.choices[0]);
    expect(asLists.usage?.prompt_tokens).toBe(6);
  });

  it('reads the request id of an answer and of an error', async () => {
    const headers = { 'X-Request-Id': 'my-request.1' };
    const request = { model: MODEL, prompt: PROMPT, max_tokens: 1 };
    const { request_id, response } = await openai.completions.create(request, { headers }).withResponse();
    expect(request_id).toBe('my-request.1');
    expect(response.status).toBe(200);
    const made = await openai.completions.create(request).withResponse();
    expect(made.request_id).toMatch(/^[\w.-]{1,128}$/);
    const error = await rejected(openai.completions.create({ ...request, model: 'nobody' }, { headers }));
    expect(error.requestID).toBe('my-request.1');
  });

  it('ends the generation when it aborts a stream', async () => {
    const { tokensGenerated: before } = await served.engine.health();
    const stream = await openai.completions.create({ ...ENDLESS, n: 128, stream: true });
    let count = 0;
    for await (const part of stream) {
      count += part.choices.length;
      if (count === 3) stream.controller.abort();
    }
    const { tokensGenerated } = await served.engine.healthWhen(({ active }) => active === 0);
    expect(tokensGenerated - before).toBeLessThan(ENDLESS.max_tokens * 128);
    await openai.completions.create({ ...ENDLESS, max_tokens: 5 });
    expect(await served.engine.health()).toMatchObject({ active: 0, tokensGenerated: tokensGenerated + 5 });
  });

  it('ends the generation when its loop over a stream breaks', async () => {
    for await (const part of await openai.completions.create({ ...ENDLESS, n: 128, stream: true })) {
      expect(part.choices).toHaveLength(1);
      break;
    }
    await served.engine.healthWhen(({ active }) => active === 0);
  });

  it('lists the models', async () => {
    const models: string[] = [];
    for await (const model of openai.models.list()) models.push(model.id);
    expect(models).toEqual([MODEL]);
    expect(await openai.models.retrieve(MODEL)).toMatchObject({ id: MODEL, object: 'model' });
  });

  const request = { model: MODEL, prompt: PROMPT };
  it.each([
    {
      title: 'AuthenticationError for a wrong key',
      options: { apiKey: 'wrong' },
      body: request,
      type: AuthenticationError,
      error: { status: 401, code: 'invalid_api_key', type: 'authentication_error', param: null },
    },
    {
      title: 'NotFoundError for an unknown model',
      body: { ...request, model: 'nobody' },
      type: NotFoundError,
      error: { status: 404, code: 'model_not_found', type: 'invalid_request_error', param: 'model' },
    },
    {
      title: 'UnprocessableEntityError for a parameter out of range',
      body: { ...request, temperature: 3 },
      type: UnprocessableEntityError,
      error: { status: 422, code: 'less_than_equal', type: 'invalid_request_error', param: 'temperature' },
    },
    {
      title: 'BadRequestError for a context that is too long',
      body: { ...request, max_tokens: 1_000 },
      type: BadRequestError,
      error: { status: 400, code: 'context_length_exceeded', type: 'invalid_request_error', param: null },
    },
  ])('throws $title, with or without a stream', async ({ options, body, type, error }) => {
    const client = clientOf(served.baseUrl, options);
    for (const stream of [false, true]) {
      const thrown = await rejected(client.completions.create({ ...body, stream }));
      expect(thrown).toBeInstanceOf(type);
      expect(thrown).toMatchObject(error);
      // The package found the error object, and does not dump the whole body.
      expect(thrown.message).toBe(`${error.status} ${(thrown.error as { message: string }).message}`);
    }
  });
});
