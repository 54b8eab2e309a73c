import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Completion, EngineProcess } from '../test/support/engine-process.js';

describe('POST /v1/completions', () => {
  let engine: EngineProcess;
  beforeAll(async () => {
    engine = await EngineProcess.start();
  });
  afterAll(() => engine.stop());

  const story = { prompt: 'Once upon a time', temperature: 0 };
  const texts = ({ choices }: Completion): string[] => choices.map(({ text }) => text);

  it('answers in the shape of the contract, with 16 tokens by default', async () => {
    const before = Math.floor(Date.now() / 1000);
    const answer = await engine.complete(story);
    expect(answer).toEqual({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/),
      object: 'text_completion',
      created: expect.any(Number),
      model: 'storyteller',
      system_fingerprint: expect.stringMatching(/^fp_/),
      choices: [
        {
          index: 0,
          text: ', there was a little boy named Leo. He loved to look at the stars',
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage: { prompt_tokens: 4, completion_tokens: 16, total_tokens: 20 },
    });
    expect(answer.created).toBeGreaterThanOrEqual(before);
  });

  it('ends a story at the end-of-text token', async () => {
    const { choices, usage } = await engine.complete({ ...story, max_tokens: 400 });
    expect(choices[0]).toMatchObject({ finish_reason: 'stop' });
    expect(choices[0]?.text).not.toContain('<|');
    expect(usage?.completion_tokens).toBeLessThan(400);
  });

  it('takes null for every optional field as not given', async () => {
    const names =
      'best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty stop stream stream_options suffix top_p user';
    const nulls = Object.fromEntries(names.split(' ').map((name) => [name, null]));
    expect(texts(await engine.complete({ ...nulls, ...story, seed: null }))).toEqual(
      texts(await engine.complete(story)),
    );
  });

  it('gives the same for a text, its token ids, and lists of them', async () => {
    const tokens = [752, 867, 262, 396];
    const [one] = texts(await engine.complete(story));
    expect(texts(await engine.complete({ ...story, prompt: tokens }))).toEqual([one]);
    expect(texts(await engine.complete({ ...story, prompt: [story.prompt] }))).toEqual([one]);
    expect(texts(await engine.complete({ ...story, prompt: [tokens] }))).toEqual([one]);
  });

  it('answers a batch in the order prompt × n + choice, and counts each prompt once', async () => {
    const prompt = ['Once upon a time', 'The cat', 'Hello World'];
    const { choices, usage } = await engine.complete({ prompt, n: 2, seed: 5, max_tokens: 4, echo: true });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
    const starts = choices.map(({ text }, index) => text.startsWith(prompt[Math.floor(index / 2)] ?? '?'));
    expect(starts).toEqual(new Array(6).fill(true));
    expect(usage).toMatchObject({ completion_tokens: 24, prompt_tokens: 4 + 2 + 4 });
  });

  it('gives each prompt of a batch what it gets alone', async () => {
    const prompt = ['Once upon a time', 'The cat'];
    const alone = await Promise.all(prompt.map((each) => engine.choice({ prompt: each, temperature: 0 })));
    expect(texts(await engine.complete({ prompt, temperature: 0 }))).toEqual(alone.map(({ text }) => text));
  });

  it('begins a new text for the empty prompt', async () => {
    const { choices, usage } = await engine.complete({ prompt: '', temperature: 0 });
    expect(choices[0]?.text).toMatch(/^[A-Z]/);
    expect(usage?.prompt_tokens).toBe(1);
  });

  it('reads a special token that is written in a text as that token, and echoes it', async () => {
    const request = { prompt: '<|endoftext|>Once upon', temperature: 0, max_tokens: 2, echo: true, logprobs: 0 };
    const { choices, usage } = await engine.complete(request);
    expect(usage?.prompt_tokens).toBe(3);
    const [choice] = choices;
    expect(choice?.text).toMatch(/^<\|endoftext\|>Once upon./);
    expect(choice?.logprobs?.tokens.slice(0, 3)).toEqual(['<|endoftext|>', 'Once', ' upon']);
    expect(choice?.logprobs?.text_offset.slice(0, 3)).toEqual([0, 13, 17]);
    const fromIds = await engine.choice({ ...request, prompt: [0, 752, 867] });
    expect(fromIds).toEqual(choice);
  });

  it('generates nothing with max_tokens 0', async () => {
    const { choices, usage } = await engine.complete({ ...story, max_tokens: 0 });
    expect(choices).toEqual([{ index: 0, text: '', logprobs: null, finish_reason: 'length' }]);
    expect(usage).toEqual({ prompt_tokens: 4, completion_tokens: 0, total_tokens: 4 });
  });

  it('gives the prompt back with echo, of token ids as well', async () => {
    expect((await engine.choice({ ...story, echo: true, max_tokens: 1 })).text).toBe('Once upon a time,');
    expect((await engine.choice({ prompt: [752, 867], echo: true, max_tokens: 0 })).text).toBe('Once upon');
  });

  it('uses the whole context, to the last token', async () => {
    const endless = { ...story, logit_bias: { '0': -100 } };
    const { usage } = await engine.complete({ ...endless, max_tokens: 508 });
    expect(usage).toEqual({ prompt_tokens: 4, completion_tokens: 508, total_tokens: 512 });
    const whole = await engine.complete({ prompt: new Array(512).fill(752), echo: true, logprobs: 0, max_tokens: 0 });
    expect(whole.choices[0]?.logprobs?.tokens).toHaveLength(512);
  });

  it('is the start of a longer completion', async () => {
    const long = await engine.choice({ ...story, max_tokens: 60 });
    for (const max_tokens of [1, 7, 31]) {
      expect(long.text.startsWith((await engine.choice({ ...story, max_tokens })).text)).toBe(true);
    }
  });

  it('goes on from the text so far as it would have gone on by itself', async () => {
    const { text } = await engine.choice({ ...story, max_tokens: 120 });
    const words = text.split(/(?= )/);
    for (let kept = 1; kept < words.length; kept += 9) {
      const begin = words.slice(0, kept).join('');
      const rest = await engine.choice({ ...story, prompt: story.prompt + begin, max_tokens: 120 });
      expect((begin + rest.text).slice(0, text.length)).toBe(text);
    }
  });

  describe('stop', () => {
    it('ends before the stop string', async () => {
      const choice = await engine.choice({ ...story, stop: [' named', 'xyz'] });
      expect(choice).toMatchObject({ text: ', there was a little boy', finish_reason: 'stop' });
    });

    it('finds a stop string that begins and ends within tokens', async () => {
      const choice = await engine.choice({ ...story, stop: 'tle bo' });
      expect(choice).toMatchObject({ text: ', there was a lit', finish_reason: 'stop' });
    });

    it('does not look into the echoed prompt', async () => {
      const choice = await engine.choice({ ...story, echo: true, stop: 'upon', max_tokens: 2 });
      expect(choice.text).toBe('Once upon a time, there');
    });

    it('counts the tokens that the stop string took', async () => {
      const { usage } = await engine.complete({ ...story, stop: ' named' });
      expect(usage?.completion_tokens).toBe(7);
    });
  });

  describe('suffix', () => {
    const gap = {
      prompt: 'One day, Mia found a red ball in the park.',
      suffix: ' Ben smiled. Sharing was fun.',
      temperature: 0,
    };

    it('fills the gap, which another suffix fills otherwise', async () => {
      const middle = await engine.choice({ ...gap, max_tokens: 150 });
      expect(middle.finish_reason).toBe('stop');
      expect(middle.text).not.toBe((await engine.choice({ ...gap, suffix: undefined, max_tokens: 150 })).text);
    });

    it('takes a token prompt, and echoes the prompt without the suffix', async () => {
      const choice = await engine.choice({
        prompt: [752, 867],
        suffix: ' The end.',
        echo: true,
        max_tokens: 3,
        temperature: 0,
      });
      expect(choice.text.startsWith('Once upon')).toBe(true);
      expect(choice.text).not.toContain('The end.');
    });

    it('reads the empty suffix as not given', async () => {
      expect((await engine.choice({ ...story, suffix: '' })).text).toBe((await engine.choice(story)).text);
    });
  });
});
