import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, generateText, type LanguageModel, streamText } from 'ai';
import { beginStream, breakAfter, chunk, events, FakeUpstream } from '../support/fake-upstream.js';
import { API_KEY, Gateway, ONE_ATTEMPT } from '../support/gateway.js';
import { GatewayOnEngine } from '../support/gateway-on-engine.js';

// The SDK warns on standard error that completion models have no tools, at every call.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const SETTINGS = { prompt: 'Once upon a time', maxOutputTokens: 12, temperature: 0, maxRetries: 0 };
/** The body that the SDK sends for `SETTINGS`. */
const WIRE = {
  prompt: 'user:\nOnce upon a time\n\nassistant:\n',
  max_tokens: 12,
  temperature: 0,
  stop: ['\nuser:'],
};

function modelOf(baseURL: string, name = 'storyteller', apiKey = API_KEY): LanguageModel {
  return createOpenAI({ baseURL, apiKey }).completion(name);
}

describe('the AI SDK completion model on the embedded engine', () => {
  let served: GatewayOnEngine;
  let model: LanguageModel;

  beforeAll(async () => {
    served = await GatewayOnEngine.start();
    model = modelOf(served.baseUrl);
  });

  afterAll(() => served.stop());

  it('generates a text, with usage and finish reason', async () => {
    const direct = await served.engine.complete(WIRE);
    const { text, usage, finishReason, finalStep } = await generateText({ model, ...SETTINGS });
    expect(text).toBe(direct.choices[0]?.text);
    expect(finishReason).toBe('length');
    expect(usage).toMatchObject({ inputTokens: direct.usage?.prompt_tokens, outputTokens: 12 });
    expect(usage.totalTokens).toBe(direct.usage?.total_tokens);
    expect(finalStep.response).toMatchObject({ id: expect.stringMatching(/^cmpl-/), modelId: 'storyteller' });
  });

  it('reads the finish reason of a text that ended by itself', async () => {
    const { text, finishReason, usage } = await generateText({ model, ...SETTINGS, stopSequences: [' is'] });
    const direct = await served.engine.choice({ ...WIRE, stop: [' is', '\nuser:'] });
    expect(text).toBe(direct.text);
    expect(finishReason).toBe('stop');
    expect(usage.outputTokens).toBeLessThan(12);
  });

  it('streams the same text, and gets the usage', async () => {
    const direct = await served.engine.complete(WIRE);
    const result = streamText({ model, ...SETTINGS });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(6);
    expect(pieces.join('')).toBe(direct.choices[0]?.text);
    expect(await result.finishReason).toBe('length');
    expect(await result.usage).toMatchObject({ inputTokens: direct.usage?.prompt_tokens, outputTokens: 12 });
  });

  it('gets log probabilities', async () => {
    const direct = await served.engine.choice({ ...WIRE, logprobs: 2 });
    const options = { model, ...SETTINGS, providerOptions: { openai: { logprobs: 2 } } };
    const { finalStep } = await generateText(options);
    const { tokens, token_logprobs, top_logprobs } = direct.logprobs ?? {};
    expect(tokens).toHaveLength(12);
    expect(finalStep.providerMetadata?.openai?.logprobs).toEqual({ tokens, token_logprobs, top_logprobs });
  });

  it('fills in the middle', async () => {
    const options = { model, ...SETTINGS, providerOptions: { openai: { suffix: ' Sharing was fun.' } } };
    const { text } = await generateText(options);
    expect(text).toBe((await served.engine.choice({ ...WIRE, suffix: ' Sharing was fun.' })).text);
  });

  it.each([
    { title: 'a wrong key', name: 'storyteller', apiKey: 'wrong', status: 401, code: 'invalid_api_key' },
    { title: 'an unknown model', name: 'nobody', apiKey: API_KEY, status: 404, code: 'model_not_found' },
    { title: 'a bad parameter', name: 'storyteller', apiKey: API_KEY, topP: 2, status: 422, code: 'less_than_equal' },
  ])("throws the gateway's error for $title, not to be retried", async ({ name, apiKey, topP, ...error }) => {
    const settings = { ...SETTINGS, model: modelOf(served.baseUrl, name, apiKey), ...(topP ? { topP } : {}) };
    const isExpected = (thrown: unknown): void => {
      if (!APICallError.isInstance(thrown)) throw new Error('an APICallError was expected', { cause: thrown });
      const { error: inBody } = JSON.parse(thrown.responseBody ?? '') as { error: { message: string; code: string } };
      expect(thrown).toMatchObject({ statusCode: error.status, message: inBody.message, isRetryable: false });
      expect(inBody.code).toBe(error.code);
    };
    isExpected(await generateText(settings).catch((thrown: unknown) => thrown));
    const errors: unknown[] = [];
    await streamText({ ...settings, onError: (event) => void errors.push(event.error) }).consumeStream();
    expect(errors).toHaveLength(1);
    isExpected(errors[0]);
  });
});

describe('a stream of the AI SDK', () => {
  let upstream: FakeUpstream;
  let gateway: Gateway;
  let model: LanguageModel;

  beforeEach(async () => {
    upstream = await FakeUpstream.start();
    gateway = await Gateway.inFrontOf(upstream, { config: { routing: ONE_ATTEMPT } });
    model = modelOf(`${gateway.url}/v1`, 'test-model');
  });

  afterEach(async () => {
    await gateway.stop();
    await upstream.stop();
  });

  it('ends with an error, after the text that came, when the upstream dies', async () => {
    upstream.onCompletion(breakAfter(events(chunk('Once'))));
    const errors: unknown[] = [];
    const result = streamText({ model, ...SETTINGS, onError: ({ error }) => void errors.push(error) });
    const pieces: string[] = [];
    for await (const part of result.stream) {
      if (part.type === 'text-delta') pieces.push(part.text);
    }
    expect(pieces).toEqual(['Once']);
    expect(errors).toMatchObject([{ code: 'upstream_error', message: expect.stringContaining('upstream') }]);
  });

  it('that is aborted is aborted upstream', async () => {
    upstream.onCompletion((response) => {
      beginStream(response);
      response.write(events(chunk('Once')));
    });
    const client = new AbortController();
    const result = streamText({ model, ...SETTINGS, abortSignal: client.signal });
    for await (const part of result.stream) {
      if (part.type === 'text-delta') client.abort();
    }
    await upstream.lastRequest.aborted;
    expect(await gateway.accessLog()).toMatchObject([{ status: 499 }]);
  });
});
