import { textOf } from '../engine-answer.js';
import { type Body, type Examination } from '../examination.js';
import type { Probe } from '../probe.js';
import { deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

const MAX_TOKENS = 12;
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
        if (textOf(await engine.good(engine.greedyBody(16))) !== text) return deviates('it is another one each time');
      }
      return honoured();
    },
  },
  {
    item: 'temperature',
    otherwise: 'passes it on',
    async judge(engine) {
      const hot = engine.hotBody(MAX_TOKENS);
      const texts = await textsOf(engine, [hot, hot, hot, hot]);
      if (new Set(texts).size > 1) return honoured();
      engine.hotOptions = NEUTRAL;
      const neutral = engine.hotBody(MAX_TOKENS);
      const freed = new Set<string>();
      for (let again = 0; again < 3; again++) freed.add(textOf(await engine.client.ask(neutral)));
      if (freed.size > 1) return deviates('without effect until top_k and its like are switched off');
      engine.hotOptions = {};
      return texts[0] === (await engine.greedy(MAX_TOKENS)) ? ignored() : unclear('the same text each time at 2');
    },
  },
  {
    item: 'top_p',
    otherwise: 'passes it on',
    async judge(engine) {
      if (!engine.isTaken('temperature')) return unclear('the texts do not vary at temperature 2');
      const hot = engine.hotBody(MAX_TOKENS);
      const body = { ...hot, top_p: 0.0001 };
      return judgeNarrow(await textsOf(engine, [body, body, body], hot), await engine.greedy(MAX_TOKENS));
    },
  },
  {
    feature: 'top_p_zero',
    async judge(engine) {
      if (!engine.isTaken('temperature')) return unclear('the texts do not vary at temperature 2');
      const hot = engine.hotBody(MAX_TOKENS);
      const body = { ...hot, top_p: 0 };
      return judgeNarrow(await textsOf(engine, [body, body, body], hot), await engine.greedy(MAX_TOKENS));
    },
  },
  {
    feature: 'seed',
    async judge(engine) {
      const hot = engine.hotBody(MAX_TOKENS);
      const bodies = SEEDS.slice(0, 4).map((seed) => ({ ...hot, seed }));
      const texts = await textsOf(engine, bodies, hot);
      const again = await textsOf(engine, bodies, hot);
      if (areDifferent(texts, again)) return ignored('the same seed gives other texts');
      if (new Set(texts).size > 1) return honoured();
      return engine.isTaken('temperature')
        ? ignored('every seed gives the same text')
        : unclear('the texts do not vary at temperature 2');
    },
  },
  {
    feature: 'top_p_one',
    async judge(engine) {
      const hot = engine.hotBody(MAX_TOKENS);
      await engine.good({ ...hot, top_p: 1 }, hot);
      if (!engine.isHonoured('seed')) return honoured('it is taken; no seeds to compare by');
      // Not with what comes without it: the engine may have another default.
      const seeded = SEEDS.map((seed) => ({ ...hot, seed }));
      const texts = await textsOf(
        engine,
        seeded.map((body) => ({ ...body, top_p: 1 })),
      );
      const almost = await textsOf(
        engine,
        seeded.map((body) => ({ ...body, top_p: 0.999999 })),
      );
      return areDifferent(texts, almost) ? deviates('other texts than with 0.999999') : honoured();
    },
  },
  {
    item: 'top_k',
    otherwise: 'sends other fields or refuses them with 422, as `extraParameters` says',
    async judge(engine) {
      if (!engine.isTaken('temperature')) return unclear('the texts do not vary at temperature 2');
      const greedy = await engine.greedy(MAX_TOKENS);
      const hot = engine.hotBody(MAX_TOKENS);
      const topK = { ...hot, top_k: 1 };
      const verdict = judgeNarrow(await textsOf(engine, [topK, topK, topK], hot), greedy);
      if (verdict.is !== 'ignored') return verdict;
      const minP = { ...hot, min_p: 1 };
      const other = judgeNarrow(await textsOf(engine, [minP, minP, minP], hot), greedy);
      return other.is === 'honoured' ? honoured('not top_k, but min_p') : verdict;
    },
  },
  {
    feature: 'sampling_defaults',
    judge: judgeDefaults,
  },
  {
    item: 'sampling options of its own',
    otherwise: 'sends what switches them off, where its profile has that; else they stay in force',
    async judge(engine) {
      if (!engine.isHonoured('seed')) return unclear('there are no seeds to compare by');
      if (!engine.isHonoured('top_k')) return unclear('it takes no top_k to compare with');
      const said = SEEDS.map((seed) => ({ prompt: engine.prompt, max_tokens: MAX_TOKENS, seed, ...saidTo(engine) }));
      const neutral = said.map((body) => ({ ...body, ...NEUTRAL }));
      return areDifferent(await textsOf(engine, said), await textsOf(engine, neutral, said[0]))
        ? deviates('top_k or its like is in force beside temperature 1 and top_p 1')
        : honoured('none');
    },
  },
  {
    item: 'unknown field',
    otherwise: 'sends other fields or refuses them with 422, as `extraParameters` says',
    async judge(engine) {
      await engine.good({ ...engine.greedyBody(), field_that_nobody_knows: 1 });
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
function judgeNarrow(texts: readonly string[], greedy: string): Verdict {
  const same = texts.filter((text) => text === greedy).length;
  if (same >= texts.length - 1) return honoured();
  return new Set(texts).size === 1 ? deviates('the same text each time, but not the greedy one') : ignored();
}

/** The contract's defaults, explicitly. */
function saidTo(engine: Examination): Body {
  return { temperature: 1, ...(engine.isHonoured('top_p_one') && { top_p: 1 }) };
}

/**
 * With the same seeds, nothing said has to give what the contract's defaults give, also where what the contract does not
 * have is switched off besides: `top_k`, `min_p` and penalties of repetitions. Engines without these fields refuse or
 * ignore them; then the result is inconclusive.
 */
async function judgeDefaults(engine: Examination): Promise<Verdict> {
  const unsaid = { prompt: engine.prompt, max_tokens: MAX_TOKENS };
  await engine.good(unsaid, engine.hotBody(MAX_TOKENS));
  if (!engine.isHonoured('seed')) return unclear('there are no seeds to compare by');
  const plain = SEEDS.map((seed) => ({ ...unsaid, seed }));
  const said = plain.map((body) => ({ ...body, ...saidTo(engine) }));
  const texts = await textsOf(engine, plain);
  if (areDifferent(texts, await textsOf(engine, said)))
    return deviates('other texts than with temperature 1 and top_p 1');
  if (!engine.isHonoured('top_k')) return honoured();
  const neutral = said.map((body) => ({ ...body, ...NEUTRAL }));
  return areDifferent(texts, await textsOf(engine, neutral, said[0]))
    ? deviates('other texts than with top_k and its like switched off')
    : honoured();
}

/** More than once: on a busy server rounding may tip one text of several. */
function areDifferent(some: readonly string[], others: readonly string[]): boolean {
  return some.filter((text, index) => text !== others[index]).length > 1;
}
