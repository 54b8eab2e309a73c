import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Choice, choicesOf, type Completion, EngineProcess, textOf } from '../test/support/engine-process.js';

/** `<|endoftext|>`, and the tokens to fill in the middle. */
const END = 0;
const FILL_IN = { prefix: 1, suffix: 2, middle: 3 };
const SPECIAL = /<\|\w+\|>/;

/** The first tokens of the story: a comma, " there", " was", " a", " little", " boy". */
const BEGIN = [48, 366, 280, 262, 388, 608];

type WithIds = Choice & { token_ids?: number[]; prompt_token_ids?: number[] | null };

describe('the fields of vLLM', () => {
  let engine: EngineProcess;
  beforeAll(async () => {
    engine = await EngineProcess.start();
  });
  afterAll(() => engine.stop());

  const story = { prompt: 'Once upon a time', temperature: 0 };
  const seeded = { prompt: 'Once upon a time', temperature: 2 };
  const textsOf = async (body: object, count: number): Promise<Set<string>> => {
    const choices = Array.from({ length: count }, (_, seed) => engine.choice({ ...body, seed }));
    return new Set((await Promise.all(choices)).map(({ text }) => text));
  };
  const choice = async (body: object): Promise<WithIds> => engine.choice(body);

  it('top_k chooses from so many tokens, and from all with -1 and 0', async () => {
    const { text } = await engine.choice(story);
    expect(await textsOf({ ...seeded, top_k: 1 }, 3)).toEqual(new Set([text]));
    const one = { ...seeded, prompt: 'The', max_tokens: 1 };
    expect((await textsOf({ ...one, top_k: 3 }, 60)).size).toBe(3);
    const all = await textsOf(one, 20);
    expect(all.size).toBeGreaterThan(3);
    for (const top_k of [-1, 0]) expect(await textsOf({ ...one, top_k }, 20)).toEqual(all);
  });

  it('min_p leaves out what is less likely than the likeliest, times it', async () => {
    const { text } = await engine.choice(story);
    expect(await textsOf({ ...seeded, min_p: 1 }, 3)).toEqual(new Set([text]));
    const one = { ...seeded, prompt: 'Once', max_tokens: 1, temperature: 1.5 };
    const { logprobs } = await engine.choice({ ...one, temperature: 0, logprobs: 5 });
    const [best = 0, ...others] = Object.values(logprobs?.top_logprobs[0] ?? {});
    const second = others[0] ?? 0;
    // Just above and below the second token's share at this temperature.
    const share = Math.exp((second - best) / 1.5);
    expect((await textsOf({ ...one, min_p: share + 0.001 }, 60)).size).toBe(1);
    expect((await textsOf({ ...one, min_p: share - 0.001 }, 60)).size).toBe(2);
  });

  it('repetition_penalty looks at the generated tokens and at those of the prompt, however far above or below 1', async () => {
    const long = { ...story, max_tokens: 120, ignore_eos: true, logprobs: 0 };
    const tokensOf = async (penalty: number): Promise<string[]> =>
      (await engine.choice({ ...long, repetition_penalty: penalty })).logprobs?.tokens ?? [];
    const distinct = async (penalty: number): Promise<number> => new Set(await tokensOf(penalty)).size;
    const plain = await distinct(1);
    expect(await distinct(1.3)).toBeGreaterThan(plain);
    expect(await distinct(0.7)).toBeLessThan(plain);
    const never = await tokensOf(1e9);
    // Nothing comes twice, and nothing of the prompt, as long as there is a token with a positive logit.
    expect(new Set(never.slice(0, 30)).size).toBe(30);
    for (const token of ['Once', ' upon', ' a', ' time']) expect(never.slice(0, 30)).not.toContain(token);
    expect((await engine.complete({ ...story, repetition_penalty: 5e-324 })).usage?.completion_tokens).toBe(16);
    expect((await engine.complete({ ...story, repetition_penalty: 1e300 })).usage?.completion_tokens).toBe(16);
  });

  it('min_tokens holds back the end of the text, stop tokens and stop texts, until it is reached', async () => {
    const atOnce = { ...story, logit_bias: { [END]: 100 } };
    expect((await engine.complete(atOnce)).usage?.completion_tokens).toBe(0);
    const { choices, usage } = await engine.complete({ ...atOnce, min_tokens: 7 });
    expect(choices[0]).toMatchObject({ text: ', there was a little boy named', finish_reason: 'stop' });
    expect(usage?.completion_tokens).toBe(7);

    const stops = { ...story, stop_token_ids: [262], max_tokens: 60 };
    expect((await engine.choice(stops)).text).toBe(', there was');
    const later = await choice({ ...stops, min_tokens: 20, return_token_ids: true });
    expect(later.finish_reason).toBe('stop');
    expect(later.token_ids?.length).toBeGreaterThan(20);
    expect(later.token_ids?.indexOf(262)).toBe((later.token_ids?.length ?? 0) - 1);

    // " the" comes as a part of " there", and again.
    const text = { ...story, stop: ' the', max_tokens: 60 };
    expect((await engine.choice(text)).text).toBe(',');
    const more = await engine.choice({ ...text, min_tokens: 2 });
    expect(more).toMatchObject({ finish_reason: 'stop', text: expect.stringMatching(/^, there was a little boy/) });
    expect(more.text.indexOf(' the', 5)).toBe(-1);
  });

  it('a stop text that min_tokens cuts in two is found', async () => {
    const choice = await engine.choice({ ...story, stop: ' was a little', min_tokens: 4 });
    expect(choice).toMatchObject({ text: ', there', finish_reason: 'stop' });
  });

  it('ignore_eos goes on past the end of the text', async () => {
    const forced = { ...story, logit_bias: { [END]: 100 }, max_tokens: 5 };
    const { choices, usage } = await engine.complete({ ...forced, ignore_eos: true, return_token_ids: true });
    expect(choices[0]).toMatchObject({ text: '', finish_reason: 'length', token_ids: [0, 0, 0, 0, 0] });
    expect(usage?.completion_tokens).toBe(5);
    const whole = await engine.choice({ ...story, max_tokens: 400 });
    expect(whole.finish_reason).toBe('stop');
    const beyond = await engine.choice({ ...story, max_tokens: 400, ignore_eos: true });
    expect(beyond.finish_reason).toBe('length');
    expect(beyond.text.startsWith(whole.text)).toBe(true);
    expect(beyond.text).not.toMatch(SPECIAL);
  });

  it('stop_token_ids end the text before the token, which counts', async () => {
    const { choices, usage } = await engine.complete({ ...story, stop_token_ids: [262, 999], logprobs: 0 });
    expect(choices[0]).toMatchObject({ text: ', there was', finish_reason: 'stop' });
    expect(choices[0]?.logprobs?.tokens.join('')).toBe(', there was');
    expect(usage?.completion_tokens).toBe(4);
    expect((await engine.choice({ ...story, stop_token_ids: [] })).finish_reason).toBe('length');
  });

  it('include_stop_str_in_output keeps what the text stopped at', async () => {
    const kept = { ...story, include_stop_str_in_output: true };
    const { logprobs, ...stopped } = await engine.choice({ ...kept, stop: ['tle bo', 'xyz'], logprobs: 0 });
    expect(stopped).toMatchObject({ text: ', there was a little bo', finish_reason: 'stop' });
    expect(logprobs?.tokens.join('')).toBe(', there was a little boy');
    expect(await engine.choice({ ...kept, stop_token_ids: [262] })).toMatchObject({ text: ', there was a' });
    const { chunks } = await engine.stream({ ...kept, stop: ' little' });
    expect(textOf(chunks)).toBe(', there was a little');
    const ended = { ...kept, logit_bias: { [END]: 100 } };
    expect((await engine.choice(ended)).text).toBe('');
    expect((await engine.choice({ ...ended, skip_special_tokens: false })).text).toBe('<|endoftext|>');
  });

  it('skip_special_tokens: false writes special tokens out, and lets them come', async () => {
    const forced = { ...story, max_tokens: 3, logit_bias: { [FILL_IN.suffix]: 100 }, return_token_ids: true };
    expect(await choice(forced)).toMatchObject({ text: '', token_ids: [2, 2, 2] });
    expect(await choice({ ...forced, skip_special_tokens: false })).toMatchObject({
      text: '<|fim_suffix|><|fim_suffix|><|fim_suffix|>',
      token_ids: [2, 2, 2],
    });
    const past = { ...story, max_tokens: 400, ignore_eos: true, skip_special_tokens: false };
    expect((await engine.choice(past)).text).toContain('<|endoftext|>');
  });

  it('add_special_tokens: false asks for a prompt that is not empty', async () => {
    const { text } = await engine.choice(story);
    for (const add_special_tokens of [true, false]) {
      expect((await engine.choice({ ...story, add_special_tokens })).text).toBe(text);
    }
    const response = await engine.post({ prompt: '', add_special_tokens: false });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: 'prompt', code: 'invalid_value' } });
  });

  describe('return_token_ids', () => {
    const ids = { ...story, return_token_ids: true, max_tokens: 6 };

    it('gives the ids of the prompt and of the text, and nothing of the kind unless asked', async () => {
      const prompt_token_ids = [752, 867, 262, 396];
      expect(await choice(ids)).toMatchObject({ prompt_token_ids, token_ids: BEGIN });
      expect(await choice({ ...ids, echo: true })).toMatchObject({
        ...{ prompt_token_ids, token_ids: BEGIN },
        text: 'Once upon a time, there was a little boy',
      });
      expect(await choice({ ...ids, max_tokens: 0 })).toMatchObject({ prompt_token_ids, token_ids: [] });
      expect(await choice({ ...ids, prompt: '' })).toMatchObject({ prompt_token_ids: [0] });
      expect(Object.keys(await choice(story))).toEqual(['index', 'text', 'logprobs', 'finish_reason']);
    });

    it('gives those of the whole arrangement with a suffix', async () => {
      const { prompt_token_ids } = await choice({ ...ids, suffix: ' The end.' });
      expect(prompt_token_ids?.[0]).toBe(FILL_IN.prefix);
      expect(prompt_token_ids?.at(-1)).toBe(FILL_IN.middle);
    });

    it('counts those of a stop text, and of a stop token', async () => {
      expect(await choice({ ...ids, stop: ' little' })).toMatchObject({ token_ids: BEGIN.slice(0, 5) });
      expect(await choice({ ...ids, stop_token_ids: [262] })).toMatchObject({ token_ids: BEGIN.slice(0, 4) });
    });

    it.each<[string, object]>([
      ['a text', {}],
      [
        'several choices of several prompts',
        { prompt: ['Once upon a time', 'The cat'], n: 2, temperature: 1, seed: 3 },
      ],
      ['echo', { echo: true }],
      ['stop texts that come to nothing', { stop: ['e zzz', 'y zzz', ' boy zzz'], max_tokens: 30 }],
      ['characters of several bytes', { logit_bias: { 244: 30, 163: 29, 170: 28, 142: 27 }, max_tokens: 30 }],
      ['a stop text within a token', { stop: 'tle bo' }],
      ['an incomplete character', { max_tokens: 2, logit_bias: { 244: 100 } }],
    ])('sends with each chunk the ids of its text: %s', async (_, parameters) => {
      const body = { ...ids, logprobs: 0, ...parameters };
      const { choices, usage } = await engine.complete(body);
      const { chunks } = await engine.stream(body);
      let count = 0;
      for (const whole of choices as WithIds[]) {
        const parts = choicesOf(chunks, whole.index) as WithIds[];
        expect(parts.flatMap(({ token_ids: each }) => each ?? [])).toEqual(whole.token_ids);
        const [first, ...others] = parts.map(({ prompt_token_ids: each }) => each);
        expect(first).toEqual(whole.prompt_token_ids);
        expect(others.every((each) => each === null)).toBe(true);
        expect(textOf(chunks, whole.index)).toBe(whole.text);
        count += whole.token_ids?.length ?? 0;
        for (const { text, token_ids: own = [], logprobs, finish_reason: reason } of parts.slice(
          'echo' in body ? 1 : 0,
        )) {
          if (reason !== null) continue;
          expect(logprobs?.tokens).toHaveLength(own.length);
          if (text !== '') expect(await textOfIds(own)).toBe(text);
        }
      }
      expect(count).toBe(usage?.completion_tokens);
    });

    /** Echoed, the tokens are their text. */
    const textOfIds = async (prompt: number[]): Promise<string> =>
      (await engine.choice({ prompt, echo: true, max_tokens: 0 })).text;
  });

  it('continuous_usage_stats gives the counts so far on each chunk, with include_usage', async () => {
    const options = { include_usage: true, continuous_usage_stats: true };
    const counts = (chunks: Completion[]): (number | undefined)[][] =>
      chunks.map(({ usage }) => [usage?.prompt_tokens, usage?.completion_tokens, usage?.total_tokens]);
    const { chunks } = await engine.stream({ ...story, max_tokens: 3, stream_options: options });
    expect(counts(chunks)).toEqual([
      [4, 1, 5],
      [4, 2, 6],
      [4, 3, 7],
      [4, 3, 7],
      [4, 3, 7],
    ]);
    const two = { ...story, prompt: ['Once upon a time', 'The cat'], n: 2, max_tokens: 1 };
    const several = await engine.stream({ ...two, stream_options: options });
    expect(counts(several.chunks).map(([prompt, completion]) => [prompt, completion])).toEqual([
      ...[1, 1, 2, 2].map((count) => [4, count]),
      ...[3, 3, 4, 4, 4].map((count) => [6, count]),
    ]);
    const without = await engine.stream({ ...story, stream_options: { ...options, include_usage: false } });
    expect(without.chunks.some((chunk) => 'usage' in chunk)).toBe(false);
  });

  describe('a special token', () => {
    it('is never generated unasked: 40 seeds on an empty prompt', async () => {
      for (let seed = 0; seed < 40; seed += 8) {
        const bodies = Array.from({ length: 8 }, (_, at) => ({
          prompt: '',
          seed: seed + at,
          max_tokens: 60,
          logprobs: 0,
        }));
        for (const { text, logprobs } of await Promise.all(bodies.map((body) => engine.choice(body)))) {
          expect(text).not.toMatch(SPECIAL);
          expect(logprobs?.tokens.filter((token) => SPECIAL.test(token))).toEqual([]);
        }
      }
    });

    it('is generated with skip_special_tokens: false', async () => {
      const body = { prompt: '', max_tokens: 24, skip_special_tokens: false };
      const texts = await textsOf(body, 40);
      expect([...texts].filter((text) => SPECIAL.test(text)).length).toBeGreaterThan(3);
    });

    it('is generated where a bias or a stop token asks for it', async () => {
      const biased = { ...story, max_tokens: 1, logprobs: 0 };
      const named = async (body: object): Promise<string[] | undefined> => (await engine.choice(body)).logprobs?.tokens;
      expect(await named({ ...biased, logit_bias: { [FILL_IN.middle]: 100 } })).toEqual(['<|fim_middle|>']);
      expect(await named({ ...biased, logit_bias: { [FILL_IN.middle]: -1 } })).toEqual([',']);
      const ends = await Promise.all(
        Array.from({ length: 40 }, (_, seed) =>
          choice({ prompt: '', seed, max_tokens: 24, stop_token_ids: [1], return_token_ids: true }),
        ),
      );
      expect(ends.some(({ token_ids: ids }) => ids?.at(-1) === FILL_IN.prefix)).toBe(true);
    });
  });
});
