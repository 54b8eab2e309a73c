import { setTimeout as delay } from 'node:timers/promises';
import { type EngineStream, isGood } from '../engine-answer.js';
import { type Examination, judgeBad, PROMPTS, reasonOf } from '../examination.js';
import type { Probe } from '../probe.js';
import { deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

const SENTENCE = 'Once upon a time. ';
/** Each some four times as long as the one before; the last has more tokens than small contexts. */
const SENTENCES = [50, 200, 800, 3_200];

/** Long enough to be still under way when another request comes. */
const LONG_TOKENS = 48;
/** More than anything generates before it is hung up on, and no more than small contexts have. */
const ENDLESS_TOKENS = 400;

const POLL_MS = 50;
const MAX_POLLS = 20;
const AT_ONCE_POLLS = 2;

export const limitProbes: readonly Probe[] = [
  {
    item: 'long prompt',
    otherwise: 'passes it on',
    judge: longPrompt,
  },
  {
    item: 'two streams at once',
    otherwise: 'asks one at a time where the profile or `maxConcurrency: 1` says so',
    async judge(engine) {
      const bodies = PROMPTS.slice(0, 2).map((prompt) => engine.greedyBody(LONG_TOKENS, prompt));
      for (const body of bodies) {
        if (!isWhole(await engine.streamOf(body))) return unclear('a stream has no end by itself');
      }
      const both = await Promise.all(bodies.map((body) => engine.client.stream(body)));
      const broken = both.find((stream) => !isWhole(stream));
      if (!broken) return honoured();
      return isGood(broken) ? deviates('one of them ends the other') : judgeBad(broken);
    },
  },
  {
    item: 'hang-up of a whole answer',
    otherwise: 'streams it and collects the answer, where the profile says so',
    judge: hangUp,
  },
];

/** Refused from some length on, or read whole: the tokens that are counted grow with the text. */
async function longPrompt(engine: Examination): Promise<Verdict> {
  const [first = 0, ...longer] = SENTENCES;
  const short = await engine.client.ask(engine.greedyBody(1, SENTENCE.repeat(first)));
  if (!isGood(short)) return unclear(`of ${first} sentences: ${reasonOf(short)}`);
  const perSentence = (short.usage?.prompt_tokens ?? 0) / first;
  if (perSentence === 0) return unclear('no usage to count the prompt by');
  for (const count of longer) {
    const answer = await engine.client.ask(engine.greedyBody(1, SENTENCE.repeat(count)));
    const expected = Math.round(perSentence * count);
    if (answer.status === 400) return honoured(`${expected} tokens are refused`);
    if (!isGood(answer)) return judgeBad(answer);
    const counted = answer.usage?.prompt_tokens ?? 0;
    // A start token, and a template, count once.
    if (counted < expected * 0.8) return deviates(`it is cut in silence: ${counted} of ${expected} tokens are read`);
  }
  return unclear(`${Math.round(perSentence * (longer.at(-1) ?? 0))} tokens are taken`);
}

function isWhole(stream: EngineStream): boolean {
  const [choice] = stream.choices;
  return isGood(stream) && choice !== undefined && Boolean(choice.finishReason);
}

/** Needs an engine that reports its requests in progress. */
async function hangUp(engine: Examination): Promise<Verdict> {
  const { client } = engine;
  if ((await client.busyCount()) !== 0) return unclear('it does not tell whether it is at work');
  const leave = client.begin(engine.greedyBody(ENDLESS_TOKENS));
  const isSeen = (await poll(async () => (await client.busyCount()) !== 0)) !== undefined;
  leave();
  if (!isSeen) return unclear('it was over before it was seen');
  const polls = await poll(async () => (await client.busyCount()) === 0);
  if (polls === undefined) return ignored(`it works on for ${(POLL_MS * MAX_POLLS) / 1000} s and more`);
  return polls <= AT_ONCE_POLLS ? honoured() : unclear('it has stopped later, or was done');
}

/** @returns after how many polls it is so; undefined when it is not. */
async function poll(isSo: () => Promise<boolean>): Promise<number | undefined> {
  for (let count = 0; count < MAX_POLLS; count++) {
    if (await isSo()) return count;
    await delay(POLL_MS);
  }
  return undefined;
}
