import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Choice, EngineProcess } from '../test/support/engine-process.js';

describe('logprobs', () => {
  let engine: EngineProcess;
  beforeAll(async () => {
    engine = await EngineProcess.start();
  });
  afterAll(() => engine.stop());

  const logprobsOf = async (body: object): Promise<NonNullable<Choice['logprobs']>> => {
    const { logprobs } = await engine.choice(body);
    if (!logprobs) throw new Error('there are no logprobs');
    return logprobs;
  };

  it('lists the likeliest tokens, falling, and the sampled one with them', async () => {
    const body = { prompt: 'Once upon a time', logprobs: 5, max_tokens: 40, temperature: 2, seed: 4 };
    const { tokens, token_logprobs, top_logprobs } = await logprobsOf(body);
    expect(tokens).toHaveLength(40);
    let outside = 0;
    for (const [index, token] of tokens.entries()) {
      const top = top_logprobs[index] ?? {};
      const values = Object.values(top);
      expect(top[token]).toBe(token_logprobs[index]);
      expect(values.slice(0, 5)).toEqual(values.slice(0, 5).toSorted((a, b) => b - a));
      if (values.length === 6) outside++;
      expect(values.length === 5 || values.length === 6).toBe(true);
    }
    expect(outside).toBeGreaterThan(0);
  });

  it('gives the sampled token alone with 0', async () => {
    const { tokens, token_logprobs, top_logprobs } = await logprobsOf({
      prompt: 'Once',
      logprobs: 0,
      max_tokens: 3,
      seed: 1,
    });
    expect(top_logprobs).toEqual(tokens.map((token, index) => ({ [token]: token_logprobs[index] })));
  });

  it('gives probabilities before temperature, penalties, bias and top_p', async () => {
    const body = { prompt: 'Once upon a', logprobs: 5, max_tokens: 1 };
    const plain = await logprobsOf({ ...body, temperature: 0 });
    const bent = await logprobsOf({
      ...body,
      temperature: 0.1,
      top_p: 0.1,
      presence_penalty: 2,
      logit_bias: { '5': -50 },
    });
    expect(bent).toEqual(plain);
  });

  it('counts offsets in characters from the start of the prompt, echoed or not', async () => {
    const body = { prompt: 'Hé 🙂!', logprobs: 0, max_tokens: 4, temperature: 0 };
    const { tokens, text_offset: offsets } = await logprobsOf(body);
    const lengths = tokens.map((token) => Array.from(token).length);
    expect(offsets).toEqual(
      tokens.map((_, index) => 5 + lengths.slice(0, index).reduce((sum, length) => sum + length, 0)),
    );
    const echoed = await logprobsOf({ ...body, echo: true });
    expect(echoed.text_offset.slice(-4)).toEqual(offsets);
    expect(echoed.text_offset.slice(0, 3)).toEqual([0, 1, 1]);
  });

  it('names parts of characters by their bytes', async () => {
    const { tokens, text_offset: offsets } = await logprobsOf({ prompt: '🙂', logprobs: 0, max_tokens: 0, echo: true });
    expect(tokens.join('')).toBe(String.raw`bytes:\xf0bytes:\x9fbytes:\x99bytes:\x82`);
    expect(offsets).toEqual([0, 0, 0, 0]);
  });

  it('cuts the tokens of a stop string off', async () => {
    const choice = await engine.choice({
      prompt: 'Once upon a time',
      logprobs: 0,
      temperature: 0,
      stop: ' little boy',
    });
    expect(choice.text).toBe(', there was a');
    expect(choice.logprobs?.tokens.join('')).toBe(choice.text);
  });

  describe('with echo', () => {
    it('scores a text exactly: each token as if it had been generated', async () => {
      const story = { prompt: 'Once upon a time', temperature: 0, logprobs: 2 };
      const generated = await engine.choice({ ...story, max_tokens: 30 });
      const scored = await logprobsOf({ ...story, prompt: story.prompt + generated.text, echo: true, max_tokens: 0 });
      expect(scored.tokens.slice(-30)).toEqual(generated.logprobs?.tokens);
      expect(scored.token_logprobs.slice(-30)).toEqual(generated.logprobs?.token_logprobs);
      expect(scored.top_logprobs.slice(-30)).toEqual(generated.logprobs?.top_logprobs);
    });

    it('has null for the first token, and the token itself in each map, as lm-evaluation-harness expects', async () => {
      const prompt = [
        [752, 867, 262, 396, 5, 900],
        [752, 1000],
      ];
      const { choices } = await engine.complete({
        prompt,
        echo: true,
        logprobs: 1,
        max_tokens: 1,
        temperature: 0,
        seed: 1234,
      });
      for (const [index, { logprobs }] of choices.entries()) {
        const count = (prompt[index]?.length ?? 0) + 1;
        expect(logprobs?.tokens).toHaveLength(count);
        expect(logprobs?.text_offset).toHaveLength(count);
        expect([logprobs?.token_logprobs[0], logprobs?.top_logprobs[0]]).toEqual([null, null]);
        for (let at = 1; at < count; at++) {
          const token = logprobs?.tokens[at] ?? '?';
          expect(logprobs?.top_logprobs[at]?.[token]).toBe(logprobs?.token_logprobs[at]);
          expect(logprobs?.token_logprobs[at]).toBeLessThan(0);
        }
      }
    });

    it('scores the prompt within a fill-in-the-middle arrangement as well', async () => {
      const { tokens, token_logprobs } = await logprobsOf({
        prompt: 'Once upon',
        suffix: ' The end.',
        echo: true,
        logprobs: 1,
        max_tokens: 0,
      });
      expect(tokens).toEqual(['Once', ' upon']);
      expect(token_logprobs).toEqual([null, expect.any(Number)]);
    });
  });
});
