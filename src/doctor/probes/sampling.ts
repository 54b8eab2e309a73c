import { type EngineAnswer, textOf } from '../engine-answer.js';
import { type Body, type Examination, greedyBody, PROMPT } from '../examination.js';
import type { Probe } from '../probe.js';
import { deviates, honoured, ignored, unclear } from '../verdict.js';

const MAX_TOKENS = 12;
const HOT: Body = { prompt: PROMPT, max_tokens: MAX_TOKENS, temperature: 2 };
const SEEDS = [1, 2, 3, 4, 5, 6];

/** What switches off the sampling options that the contract does not have, in the words of several engines. */
const NEUTRAL = { top_k: 0, min_p: 0, repeat_penalty: 1, repetition_penalty: 1 };

export const samplingProbes: readonly Probe[] = [
  {
    item: 'greedy text',
    otherwise: 'passes it on; verdicts that compare texts are less sure',
    async judge(engine) {
      const text = await engine.greedy(16);
      for (let again = 0; again < 2; again++) {
        if (textOf(await engine.good(greedyBody(16))) !== text) return deviates('it is another one each time');
      }
      return honoured();
    },
  },
  {
    item: 'temperature',
    otherwise: 'passes it on',
    async judge(engine) {
      const texts = await textsOf(engine, [HOT, HOT, HOT, HOT]);
      if (new Set(texts).size > 1) return honoured();
      return texts[0] === (await engine.greedy(MAX_TOKENS)) ? ignored() : unclear('the same text each time at 2');
    },
  },
  {
    item: 'top_p',
    otherwise: 'passes it on',
    async judge(engine) {
      if (!engine.isHonoured('temperature')) return unclear('the texts do not vary at temperature 2');
      const body = { ...HOT, top_p: 0.0001 };
      return judgeNarrow(await textsOf(engine, [body, body, body], HOT), await engine.greedy(MAX_TOKENS));
    },
  },
  {
    capability: 'top_p_one',
    async judge(engine) {
      await engine.good({ ...HOT, top_p: 1 }, HOT);
      return honoured();
    },
  },
  {
    capability: 'seed',
    async judge(engine) {
      const bodies = SEEDS.slice(0, 4).map((seed) => ({ ...HOT, seed }));
      const texts = await textsOf(engine, bodies, HOT);
      const again = await textsOf(engine, bodies, HOT);
      if (texts.some((text, index) => text !== again[index])) return ignored('the same seed gives other texts');
      if (new Set(texts).size > 1) return honoured();
      return engine.isHonoured('temperature')
        ? ignored('every seed gives the same text')
        : unclear('the texts do not vary at temperature 2');
    },
  },
  {
    capability: 'sampling_defaults',
    judge: judgeDefaults,
  },
  {
    item: 'top_k',
    otherwise: 'sends other fields or refuses them with 422, as `extraParameters` says',
    async judge(engine) {
      if (!engine.isHonoured('temperature')) return unclear('the texts do not vary at temperature 2');
      const greedy = await engine.greedy(MAX_TOKENS);
      const topK = { ...HOT, top_k: 1 };
      const verdict = judgeNarrow(await textsOf(engine, [topK, topK, topK], HOT), greedy);
      if (verdict.is !== 'ignored') return verdict;
      const minP = { ...HOT, min_p: 1 };
      const other = judgeNarrow(await textsOf(engine, [minP, minP, minP], HOT), greedy);
      return other.is === 'honoured' ? honoured('not top_k, but min_p') : verdict;
    },
  },
  {
    item: 'unknown field',
    otherwise: 'sends other fields or refuses them with 422, as `extraParameters` says',
    async judge(engine) {
      await engine.good({ ...greedyBody(), field_that_nobody_knows: 1 });
      return ignored();
    },
  },
];

async function textsOf(engine: Examination, bodies: readonly Body[], control?: Body): Promise<string[]> {
  const texts = [];
  for (const body of bodies) texts.push(textOf(await engine.good(body, control)));
  return texts;
}

/** What leaves one token to choose from makes every text the greedy one. */
function judgeNarrow(texts: readonly string[], greedy: string): ReturnType<typeof honoured> {
  const same = texts.filter((text) => text === greedy).length;
  if (same === texts.length) return honoured();
  return new Set(texts).size === 1 ? deviates('the same text each time, but not the greedy one') : ignored();
}

/**
 * With the same seeds, nothing said has to give what the contract's defaults give, and what the gateway sends to engines
 * with others: `top_k`, `min_p` and a penalty of repetitions switched off. Engines without these fields refuse or ignore
 * them; then nothing can be told of theirs.
 */
async function judgeDefaults(engine: Examination): Promise<ReturnType<typeof honoured>> {
  if (!engine.isHonoured('seed')) return unclear('it takes seeds to compare by');
  const plain = SEEDS.map((seed) => ({ prompt: PROMPT, max_tokens: MAX_TOKENS, seed }));
  const said = { temperature: 1, ...(engine.isHonoured('top_p_one') && { top_p: 1 }) };
  const texts = await textsOf(engine, plain);
  const explicit = await textsOf(
    engine,
    plain.map((body) => ({ ...body, ...said })),
  );
  if (differ(texts, explicit)) return deviates('other texts than with temperature 1 and top_p 1');
  const neutral: EngineAnswer[] = [];
  for (const body of plain) neutral.push(await engine.client.ask({ ...body, ...said, ...NEUTRAL }));
  if (neutral.some(({ status }) => status !== 200)) return honoured();
  return differ(
    texts,
    neutral.map((answer) => textOf(answer)),
  )
    ? deviates('other texts than with top_k and its like switched off')
    : honoured();
}

function differ(some: readonly string[], others: readonly string[]): boolean {
  return some.some((text, index) => text !== others[index]);
}
