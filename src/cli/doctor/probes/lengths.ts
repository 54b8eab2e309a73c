import { textOf } from '../engine-answer.js';
import type { Probe } from '../probe.js';
import { deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

/** More than this beyond what was expected, and the rest is not waited for. */
const ENOUGH_CHARACTERS = 200;
const DEFAULT_MAX_TOKENS = 16;

export const lengthProbes: readonly Probe[] = [
  {
    item: 'max_tokens',
    otherwise: 'passes it on',
    async judge(engine) {
      const short = await engine.remembered(engine.greedyBody(2));
      const long = await engine.greedy();
      const text = textOf(short);
      if (text === long) return ignored('2 and 8 give the same text');
      if (short.usage && short.usage.completion_tokens > 2)
        return deviates(`${short.usage.completion_tokens} tokens where 2 were asked for`);
      return long.startsWith(text) ? honoured() : unclear('the shorter text is not the start of the longer one');
    },
  },
  {
    feature: 'max_tokens_absent',
    async judge(engine) {
      const expected = await engine.greedy(DEFAULT_MAX_TOKENS);
      const longer = await engine.greedy(DEFAULT_MAX_TOKENS + 1);
      if (!longer.startsWith(expected) || longer === expected) return unclear('every text ends by itself before');
      const { max_tokens, ...body } = engine.greedyBody(DEFAULT_MAX_TOKENS);
      const isEnough = (text: string): boolean => text.length > longer.length + ENOUGH_CHARACTERS;
      const text = textOf(await engine.goodStream(body, { ...body, max_tokens }, isEnough));
      if (text === expected) return honoured();
      if (text.startsWith(longer)) return deviates('it goes on after 16 tokens');
      return expected.startsWith(text) ? deviates('it ends before 16 tokens') : unclear('another text comes');
    },
  },
  {
    feature: 'max_tokens_zero',
    async judge(engine) {
      const body = engine.greedyBody(0);
      const stream = await engine.goodStream(body, undefined, (text) => text.length > ENOUGH_CHARACTERS);
      const text = textOf(stream);
      if (stream.isCut) return deviates('it generates without end');
      if (text !== '') return deviates(`it generates ${JSON.stringify(text)}`);
      const whole = await engine.good(body);
      return textOf(whole) === '' ? honoured() : deviates(`it generates ${JSON.stringify(textOf(whole))}`);
    },
  },
  {
    feature: 'echo_only',
    apis: ['completions'],
    async judge(engine) {
      const body = { ...engine.greedyBody(0), echo: true };
      const isEnough = (text: string): boolean => text.length > engine.prompt.length + ENOUGH_CHARACTERS;
      const stream = await engine.goodStream(body, undefined, isEnough);
      if (stream.isCut) return deviates('it generates without end');
      const streamed = textOf(stream);
      if (streamed !== engine.prompt) return judgeEchoOnly(streamed, engine.prompt);
      return judgeEchoOnly(textOf(await engine.good(body)), engine.prompt);
    },
  },
];

function judgeEchoOnly(text: string, prompt: string): Verdict {
  if (text === prompt) return honoured();
  return text === '' ? ignored('the text is empty') : deviates(`the text is ${JSON.stringify(text)}`);
}
