import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Choice, EngineProcess } from '../test/support/engine-process.js';

const END_OF_TEXT = '0';

describe('sampling', () => {
  let engine: EngineProcess;
  beforeAll(async () => {
    engine = await EngineProcess.start();
  });
  afterAll(() => engine.stop());

  const story = { prompt: 'Once upon a time', max_tokens: 24 };
  const greedy = { ...story, temperature: 0 };
  const textsOf = async (body: object): Promise<string[]> =>
    (await engine.complete(body)).choices.map(({ text }) => text);

  it('gives the same text for the same seed, and another for another', async () => {
    const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => engine.choice({ ...story, seed })));
    expect(a?.text).toBe(b?.text);
    expect(a?.text).not.toBe(c?.text);
  });

  it('gives other texts without a seed', async () => {
    const texts = await Promise.all(Array.from({ length: 6 }, () => engine.choice({ ...story, temperature: 1.5 })));
    expect(new Set(texts.map(({ text }) => text)).size).toBeGreaterThan(1);
  });

  it('gives 40 requests in parallel what each of them gets alone', async () => {
    const bodies = Array.from({ length: 40 }, (_, index) => ({
      prompt: ['Once upon a time', 'The cat', [752, 867], 'My name is'][index % 4],
      seed: index,
      max_tokens: 20 + index,
      temperature: [1, 0.7, 0, 1.5, 2][index % 5],
      top_p: [1, 0.9, 0.5][index % 3],
      n: 1 + (index % 3),
      logprobs: index % 2 === 0 ? 3 : null,
      frequency_penalty: index % 4 === 0 ? 1 : 0,
    }));
    const alone: Choice[][] = [];
    for (const body of bodies) alone.push((await engine.complete(body)).choices);
    const together = await Promise.all(bodies.map((body) => engine.complete(body)));
    expect(together.map(({ choices }) => choices)).toEqual(alone);
  });

  it('serves 200 requests at once, in a queue', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, (_, seed) => engine.complete({ ...story, seed })));
    expect(answers.every(({ usage }) => usage?.completion_tokens === 24)).toBe(true);
    expect(await engine.health()).toMatchObject({ active: 0, queued: 0 });
  });

  it('draws with the model’s own probabilities', async () => {
    const { logprobs } = await engine.choice({ prompt: 'Once', max_tokens: 1, logprobs: 5, temperature: 0 });
    const expected = Object.entries(logprobs?.top_logprobs[0] ?? {});
    const draws = 2_000;
    const texts: string[] = [];
    for (let seed = 0; texts.length < draws; seed++)
      texts.push(...(await textsOf({ prompt: 'Once', max_tokens: 1, n: 100, seed })));
    for (const [token, logprob] of expected) {
      const probability = Math.exp(logprob);
      const standardDeviation = Math.sqrt(draws * probability * (1 - probability));
      const count = texts.filter((text) => text === token).length;
      // The seeds are fixed, and so are the counts: this fails always or never.
      expect(Math.abs(count - draws * probability)).toBeLessThan(4 * standardDeviation + 1);
    }
  });

  it('takes the most likely token with temperature 0 and with top_p 0', async () => {
    const { text } = await engine.choice(greedy);
    expect((await engine.choice({ ...greedy, seed: 9 })).text).toBe(text);
    expect((await engine.choice({ ...story, top_p: 0, seed: 9 })).text).toBe(text);
  });

  it('gives the choices of one request random numbers of their own', async () => {
    const texts = await textsOf({ ...story, n: 8, seed: 3 });
    expect(new Set(texts).size).toBeGreaterThan(4);
    expect(texts[0]).toBe((await engine.choice({ ...story, seed: 3 })).text);
  });

  it('evaluates the prompt once for all choices', async () => {
    const { usage } = await engine.complete({ ...greedy, n: 5, max_tokens: 2 });
    expect(usage).toEqual({ prompt_tokens: 4, completion_tokens: 10, total_tokens: 14 });
    expect(new Set(await textsOf({ ...greedy, n: 5 })).size).toBe(1);
  });

  it('returns the n of best_of choices with the highest mean log-probability, best first', async () => {
    const body = { ...story, max_tokens: 12, seed: 11, temperature: 1.3 };
    const all = (await engine.complete({ ...body, n: 6, logprobs: 0 })).choices;
    const mean = ({ logprobs }: Choice): number => {
      const values = logprobs?.token_logprobs ?? [];
      return values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / values.length;
    };
    // Nothing ends before 12 tokens here, so that the mean is over the tokens shown.
    expect(all.map(({ finish_reason: reason }) => reason)).toEqual(new Array(6).fill('length'));
    const ranked = all.toSorted((a, b) => mean(b) - mean(a)).map(({ text }) => text);
    const { choices, usage } = await engine.complete({ ...body, n: 2, best_of: 6 });
    expect(choices.map(({ text }) => text)).toEqual(ranked.slice(0, 2));
    expect(choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(usage?.completion_tokens).toBe(72);
  });

  describe('logit_bias', () => {
    it('forces a token with 100 and bans it with -100', async () => {
      const forced = await engine.choice({ ...greedy, max_tokens: 3, logit_bias: { '752': 100 } });
      expect(forced.text).toBe('OnceOnceOnce');
      const { logprobs } = await engine.choice({ ...greedy, max_tokens: 1, logprobs: 2 });
      const [likeliest, second] = Object.keys(logprobs?.top_logprobs[0] ?? {});
      const banned = await engine.choice({ ...greedy, max_tokens: 1, logit_bias: { '48': -100 } });
      expect([likeliest, banned.text]).toEqual([',', second]);
    });

    it('reaches the end-of-text token', async () => {
      expect(await engine.choice({ ...greedy, logit_bias: { [END_OF_TEXT]: 100 } })).toMatchObject({
        text: '',
        finish_reason: 'stop',
      });
      expect(await engine.choice({ ...greedy, max_tokens: 400, logit_bias: { [END_OF_TEXT]: -100 } })).toMatchObject({
        finish_reason: 'length',
      });
    });
  });

  it('repeats itself less with penalties, and more with negative ones', async () => {
    const distinct = async (penalties: object): Promise<number> => {
      const body = { ...greedy, max_tokens: 150, logit_bias: { [END_OF_TEXT]: -100 }, logprobs: 0, ...penalties };
      return new Set((await engine.choice(body)).logprobs?.tokens).size;
    };
    const plain = await distinct({});
    expect(await distinct({ frequency_penalty: 2 })).toBeGreaterThan(plain);
    expect(await distinct({ presence_penalty: 2 })).toBeGreaterThan(plain);
    expect(await distinct({ frequency_penalty: -2 })).toBeLessThan(plain);
  });
});
