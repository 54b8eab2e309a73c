import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { choicesOf, EngineProcess, textOf } from '../test/support/engine-process.js';

describe('POST /v1/completions with stream', () => {
  let engine: EngineProcess;
  beforeAll(async () => {
    engine = await EngineProcess.start();
  });
  afterAll(() => engine.stop());

  const story = { prompt: 'Once upon a time', max_tokens: 20, seed: 1 };

  it('sends events of the documented form, token by token', async () => {
    const response = await engine.post({ ...story, stream: true });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const raw = await response.text();
    expect(raw).toMatch(/^(data: \{.*\}\n\n)+data: \[DONE\]\n\n$/);
    expect(raw.split('\n\n')).toHaveLength(20 + 1 + 1 + 1);
  });

  it('streams what the same request without stream answers', async () => {
    const body = { prompt: ['Once upon a time', 'The cat'], n: 2, seed: 6, max_tokens: 30, echo: true, logprobs: 2 };
    const { choices } = await engine.complete(body);
    const { chunks } = await engine.stream(body);
    for (const choice of choices) {
      const parts = choicesOf(chunks, choice.index);
      expect(textOf(chunks, choice.index)).toBe(choice.text);
      expect(parts.flatMap(({ logprobs }) => logprobs?.tokens ?? [])).toEqual(choice.logprobs?.tokens);
      expect(parts.flatMap(({ logprobs }) => logprobs?.text_offset ?? [])).toEqual(choice.logprobs?.text_offset);
      expect(parts.flatMap(({ logprobs }) => logprobs?.token_logprobs ?? [])).toEqual(choice.logprobs?.token_logprobs);
    }
  });

  it('sends whole objects with one id, and one finish reason for each choice, last', async () => {
    const { chunks } = await engine.stream({ ...story, n: 3 });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ object, model }) => object === 'text_completion' && model === 'storyteller')).toBe(true);
    for (const index of [0, 1, 2]) {
      const reasons = choicesOf(chunks, index).map(({ finish_reason: reason }) => reason);
      expect(reasons.at(-1)).toBe('length');
      expect(reasons.slice(0, -1).every((reason) => reason === null)).toBe(true);
    }
  });

  it('sends usage in one last chunk when asked to, and never else', async () => {
    const { chunks } = await engine.stream({ ...story, stream_options: { include_usage: true } });
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 20, total_tokens: 24 },
    });
    expect(chunks.slice(0, -1).some((chunk) => 'usage' in chunk)).toBe(false);
    expect((await engine.stream(story)).chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  it('pads chunks when asked to', async () => {
    const { chunks } = await engine.stream({ ...story, stream_options: { include_obfuscation: true } });
    expect(chunks.every((chunk) => 'obfuscation' in chunk)).toBe(true);
  });

  it('never sends a part of a stop string', async () => {
    const whole = await engine.choice({ ...story, temperature: 0, max_tokens: 60 });
    const stop = whole.text.slice(40, 52);
    const { chunks } = await engine.stream({ ...story, temperature: 0, max_tokens: 60, stop });
    expect(textOf(chunks)).toBe(whole.text.slice(0, 40));
    expect(choicesOf(chunks).at(-1)?.finish_reason).toBe('stop');
  });

  it('never splits a character', async () => {
    // Bytes of "🙂", forced one after the other, make every chunk whole or nothing.
    const bytes = await engine.choice({ prompt: '🙂', echo: true, logprobs: 0, max_tokens: 0 });
    expect(bytes.logprobs?.tokens).toHaveLength(4);
    const logit_bias = { '244': 60, '163': 60, '157': 60, '134': 60 };
    const { chunks } = await engine.stream({
      ...story,
      temperature: 1,
      max_tokens: 200,
      logit_bias,
      frequency_penalty: 2,
    });
    const text = textOf(chunks);
    const { choices } = await engine.complete({
      ...story,
      temperature: 1,
      max_tokens: 200,
      logit_bias,
      frequency_penalty: 2,
    });
    expect(text).toBe(choices[0]?.text);
    expect(text.isWellFormed()).toBe(true);
    expect(choicesOf(chunks).filter(({ text }) => text !== '').length).toBeLessThan(150);
  });

  it('answers an early mistake with its own status', async () => {
    const response = await engine.post({ ...story, stream: true, max_tokens: 600 });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  it('ends a stream that generates nothing', async () => {
    const { chunks, raw } = await engine.stream({ ...story, max_tokens: 0 });
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual(['length']);
    expect(raw.endsWith('data: [DONE]\n\n')).toBe(true);
  });
});
