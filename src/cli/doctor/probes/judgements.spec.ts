import { describe, expect, it } from '@jest/globals';
import { type EngineAnswer, readAnswer, readStream } from '../engine-answer.js';
import { judgeChoices, judgeOrder } from './choices.js';
import { judgeEchoLogprobs } from './echo.js';
import { judgeLogprobs, judgeOffsets } from './logprobs.js';
import { compare } from './prompts.js';
import { judgeErrorBody } from './protocol.js';
import { judgeStop, pickStop } from './stops.js';

interface Choice {
  index: number;
  text: string;
  finish_reason?: string;
  logprobs?: object | null;
}

function answerOf(choices: Choice[], promptTokens = 1, completionTokens = 1): EngineAnswer {
  const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens };
  return readAnswer(200, JSON.stringify({ choices, usage }));
}

const choice = (index: number, text: string): Choice => ({ index, text, finish_reason: 'length' });

describe('compare: several prompts beside each alone', () => {
  const alone = [answerOf([choice(0, 'a')], 3, 2), answerOf([choice(0, 'b')], 4, 2)];

  it.each([
    [answerOf([choice(0, 'a'), choice(1, 'b')], 7, 4), 'honoured'],
    [answerOf([choice(1, 'b'), choice(0, 'a')], 7, 4), 'honoured'],
    [answerOf([choice(0, 'a')], 3, 2), 'deviates'],
    [answerOf([choice(0, 'a'), choice(0, 'b')], 7, 4), 'deviates'],
    [answerOf([choice(0, 'x'), choice(1, 'y')], 7, 4), 'deviates'],
    // llama.cpp counts the first prompt alone.
    [answerOf([choice(0, 'a'), choice(1, 'b')], 3, 2), 'deviates'],
  ])('%#', (together, is) => {
    expect(compare(together, alone).is).toBe(is);
  });
});

describe('judgeChoices and judgeOrder', () => {
  it.each([
    [[choice(0, 'a')], 8, 'ignored'],
    [[choice(0, 'a'), choice(0, 'b')], 16, 'deviates'],
    [[choice(0, 'a'), choice(1, 'b')], 8, 'deviates'],
    [[choice(0, 'a'), choice(1, 'b')], 16, 'honoured'],
    // Nothing was counted, which is another question.
    [[choice(0, 'a'), choice(1, 'b')], 0, 'honoured'],
  ])('two choices of 8 tokens: %#', (choices, counted, is) => {
    expect(judgeChoices(answerOf(choices, 1, counted), 2).is).toBe(is);
  });

  it('wants every choice under the index of its prompt, and the choices in their order', () => {
    const judge = (...choices: Choice[]): string => judgeOrder(answerOf(choices).choices, ['a', 'b']).is;
    expect(judge(choice(0, 'a'), choice(1, 'b'))).toBe('honoured');
    expect(judge(choice(1, 'b'), choice(0, 'a'))).toBe('deviates');
    expect(judge(choice(0, 'b'), choice(1, 'a'))).toBe('deviates');
  });
});

describe('judgeLogprobs', () => {
  const legacy = {
    tokens: ['a', 'b'],
    token_logprobs: [-1, -2],
    top_logprobs: [
      { a: -1, c: -2 },
      { b: -2, c: -3 },
    ],
    text_offset: [5, 6],
  };
  const judge = (logprobs: object | null, wanted = 2): object =>
    judgeLogprobs(answerOf([{ ...choice(0, 'ab'), logprobs }]), wanted);

  it('takes the four lists for right when they spell the text', () => {
    expect(judge(legacy)).toEqual({ is: 'honoured' });
    expect(judge({ ...legacy, top_logprobs: null }, 0)).toEqual({ is: 'honoured' });
    expect(judge({ ...legacy, tokens: ['a', 'x'] })).toMatchObject({ is: 'deviates' });
    expect(judge({ ...legacy, token_logprobs: [-1, null] })).toMatchObject({ is: 'deviates' });
    expect(judge(legacy, 5)).toEqual({ is: 'deviates', note: 'top_logprobs of 2 tokens, not 5' });
  });

  it('knows the shape of chat completions, and nothing', () => {
    expect(judge({ content: [{ token: 'ab', logprob: -1 }] })).toMatchObject({ isChatShape: true });
    expect(judge({ content: [] })).toMatchObject({ is: 'ignored' });
    expect(judge(null)).toMatchObject({ is: 'ignored' });
  });

  it('counts offsets from the start of the prompt', () => {
    expect(judgeOffsets([5, 6], ['a', 'b'], 5)).toEqual({ is: 'honoured' });
    expect(judgeOffsets([0, 1], ['a', 'b'], 5).is).toBe('deviates');
    expect(judgeOffsets([-1, -1], ['a', 'b'], 5)).toEqual({ is: 'deviates', note: 'they are -1, -1' });
  });

  it('wants a score for each token of an echoed prompt but the first', () => {
    const echoed = { tokens: ['Once', ' upon', ' a'], token_logprobs: [null, -1, -2] };
    expect(judgeEchoLogprobs(echoed, 'Once upon a', ' a').is).toBe('honoured');
    expect(judgeEchoLogprobs({ tokens: [' a'], token_logprobs: [-2] }, 'Once upon a', ' a').is).toBe('deviates');
    expect(judgeEchoLogprobs({ ...echoed, token_logprobs: [null, null, -2] }, 'Once upon a', ' a').is).toBe('deviates');
    expect(judgeEchoLogprobs(null, 'Once upon a', ' a').is).toBe('ignored');
  });
});

describe('judgeStop', () => {
  const text = ', there was a little boy';

  it('looks for something in the middle of the text that was not there before', () => {
    const stop = pickStop(text) ?? '';
    expect(stop).toMatch(/^\w{3}$/);
    expect(text.indexOf(stop)).toBeGreaterThan(text.length / 3);
    expect(pickStop('aaaaaaaaaaaa')).toBeUndefined();
  });

  it.each([
    [', there was a ', 'honoured'],
    [', there was a', 'honoured'],
    [text, 'ignored'],
    [', there was a lit', 'deviates'],
    [', there was a little', 'deviates'],
    [', there', 'deviates'],
  ])('judges what is left: %s', (cut, is) => {
    expect(judgeStop(cut, text, 'lit').is).toBe(is);
  });
});

describe('what engines send', () => {
  it.each([
    [400, { error: { message: 'bad', type: 'x', code: 400 } }, 'honoured'],
    [400, { object: 'error', message: 'bad' }, 'deviates'],
    [422, { detail: [{ msg: 'bad' }] }, 'deviates'],
    [500, { error: { message: 'bad' } }, 'deviates'],
    [400, undefined, 'deviates'],
    [0, undefined, 'unclear'],
  ])('errors: %#', (status, body, is) => {
    expect(judgeErrorBody(status, body).is).toBe(is);
  });

  it('reads an error in a stream as no answer, and puts the chunks of each choice together', () => {
    const chunk = (index: number, text: string): string => JSON.stringify({ choices: [{ index, text }] });
    const end = { hasDone: true, isCut: false, isStream: true, contentType: 'text/event-stream' };
    const read = readStream(200, ['null', chunk(1, 'c'), chunk(0, 'a'), chunk(0, 'b')], end);
    expect(read.choices.map(({ index, text }) => [index, text])).toEqual([
      [1, 'c'],
      [0, 'ab'],
    ]);
    const broken = readStream(200, [chunk(0, 'a'), '{"error":{"message":"no memory"}}'], end);
    expect(broken).toMatchObject({ choices: [], message: 'no memory' });
  });
});
