import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OpenAI } from '@langchain/openai';
import { API_KEY } from '../support/gateway.js';
import { GatewayOnEngine } from '../support/gateway-on-engine.js';

const PROMPTS = ['Once upon a time', 'The cat', 'My name is', 'Hello World'];

describe('LangChain.js OpenAI on the embedded engine', () => {
  let served: GatewayOnEngine;

  beforeAll(async () => {
    served = await GatewayOnEngine.start();
  });

  afterAll(() => served.stop());

  function llmOf(options: object = {}): OpenAI {
    return new OpenAI({
      model: 'storyteller',
      apiKey: API_KEY,
      maxTokens: 12,
      temperature: 0,
      maxRetries: 0,
      configuration: { baseURL: served.baseUrl },
      ...options,
    });
  }

  /** What the engine itself says, without the gateway. */
  async function directly(prompt: string, options: object = {}): Promise<string> {
    return (await served.engine.choice({ prompt, max_tokens: 12, temperature: 0, ...options })).text;
  }

  it('invokes', async () => {
    expect(await llmOf().invoke('Once upon a time')).toBe(await directly('Once upon a time'));
  });

  it('stops at a text', async () => {
    const options = { stop: [' time', '.'] };
    expect(await llmOf().invoke('Once upon a', options)).toBe(await directly('Once upon a', options));
  });

  it('streams', async () => {
    const pieces: string[] = [];
    for await (const piece of await llmOf().stream('Once upon a time')) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(10);
    expect(pieces.join('')).toBe(await directly('Once upon a time'));
  });

  it('gets a batch in the order of its prompts', async () => {
    const expected = await Promise.all(PROMPTS.map((prompt) => directly(prompt)));
    expect(new Set(expected).size).toBe(PROMPTS.length);
    expect(await llmOf().batch(PROMPTS)).toEqual(expected);
  });

  it('generates for several prompts in one request: the choices in array order, the usage of all', async () => {
    const { tokensGenerated: before } = await served.engine.health();
    const { generations, llmOutput } = await llmOf().generate(PROMPTS);
    const { tokensGenerated } = await served.engine.health();
    const expected = await Promise.all(PROMPTS.map((prompt) => directly(prompt)));
    expect(generations.map(([generation]) => generation?.text)).toEqual(expected);
    expect(llmOutput?.tokenUsage).toMatchObject({ completionTokens: tokensGenerated - before });
  });

  it('generates n for each prompt, and gives each prompt its own', async () => {
    const llm = llmOf({ n: 3, temperature: 1, modelKwargs: { echo: true, seed: 5 } });
    const { generations } = await llm.generate(PROMPTS);
    expect(generations.map((choices) => choices.length)).toEqual([3, 3, 3, 3]);
    for (const [index, choices] of generations.entries()) {
      expect(choices.every(({ text }) => text.startsWith(PROMPTS[index] ?? '?'))).toBe(true);
      expect(new Set(choices.map(({ text }) => text)).size).toBe(3);
      expect(choices.every(({ generationInfo }) => generationInfo?.finishReason === 'length')).toBe(true);
    }
  });

  it('generates n for each prompt in streaming mode', async () => {
    const options = { n: 2, temperature: 1, modelKwargs: { seed: 5 } };
    const whole = await llmOf(options).generate(PROMPTS);
    const streamed = await llmOf({ ...options, streaming: true }).generate(PROMPTS);
    const textsOf = ({ generations }: typeof whole) => generations.map((choices) => choices.map(({ text }) => text));
    expect(textsOf(streamed)).toEqual(textsOf(whole));
  });

  it('takes the best of several', async () => {
    expect(await llmOf({ bestOf: 3, modelKwargs: { seed: 1 } }).invoke('Once')).toBe(
      await directly('Once', { best_of: 3, seed: 1 }),
    );
  });

  it.each([
    { title: 'a wrong key', options: { apiKey: 'wrong' }, error: { status: 401, code: 'invalid_api_key' } },
    { title: 'an unknown model', options: { model: 'nobody' }, error: { status: 404, code: 'model_not_found' } },
    { title: 'a bad parameter', options: { topP: 2 }, error: { status: 422, code: 'less_than_equal' } },
  ])('rejects with the status and code for $title', async ({ options, error }) => {
    await expect(llmOf(options).invoke('Once')).rejects.toMatchObject(error);
    await expect(llmOf(options).stream('Once')).rejects.toMatchObject(error);
  });
});
