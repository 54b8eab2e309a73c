import { type EngineAnswer, isFields, textOf } from '../engine-answer.js';
import { type Body, type Examination, PROMPTS } from '../examination.js';
import type { Probe } from '../probe.js';
import { Decided, deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

const MAX_TOKENS = 8;
const BEST_OF = 8;

export const choiceProbes: readonly Probe[] = [
  {
    feature: 'n',
    async judge(engine) {
      const three = await choicesAt(engine, engine.hotBody(MAX_TOKENS), 3);
      if (three.is !== 'refused') return three;
      const two = await choicesAt(engine, engine.hotBody(MAX_TOKENS), 2);
      return two.is === 'honoured' ? deviates('two choices, and not three') : three;
    },
  },
  {
    feature: 'n_greedy',
    judge: (engine) => choicesAt(engine, engine.greedyBody(MAX_TOKENS), 2),
  },
  {
    feature: 'n_scored_stream',
    apis: ['completions'],
    async judge(engine) {
      // A refusal of it is one of this, too.
      const refusal = engine.refusalOf('echo_logprobs');
      if (refusal) return refusal;
      if (!engine.isHonoured('echo_logprobs')) return unclear('it does not score an echoed prompt');
      const body = { ...engine.hotBody(2), n: 2, echo: true, logprobs: 1 };
      const { choices, hasDone } = await engine.alsoStreamed(body);
      return hasDone && choices.length === 2 ? honoured() : deviates('the stream breaks off');
    },
  },
  {
    feature: 'best_of',
    apis: ['completions'],
    judge: bestOf,
  },
  {
    item: 'index of choices',
    apis: ['completions'],
    otherwise: 'sorts choices by their index; asks for each on its own where that is emulated',
    async judge(engine) {
      if (!engine.isTaken('prompt_list')) return unclear('it takes no list of prompts');
      const n = engine.isHonoured('n') ? 2 : 1;
      const prompts = PROMPTS.slice(0, 2);
      // As good as greedy, where several choices are refused at temperature 0.
      const body = { prompt: prompts, max_tokens: 2, temperature: 0.01 };
      const { choices } = await engine.good(n === 1 ? body : { ...body, n }, engine.greedyBody(2, prompts));
      const expected = [];
      for (const prompt of prompts) for (let each = 0; each < n; each++) expected.push(await engine.greedy(2, prompt));
      return judgeOrder(choices, expected);
    },
  },
];

async function choicesAt(engine: Examination, control: Body, n: number): Promise<Verdict> {
  try {
    const answer = await engine.good({ ...control, n }, control);
    const alone = control.temperature === 0 ? (await engine.remembered(control)).usage?.completion_tokens : undefined;
    const whole = judgeChoices(answer, n, alone);
    if (whole.is !== 'honoured') return whole;
    if (control.temperature !== 0 && (await areAllAlike(engine, answer, { ...control, n })))
      return deviates('every choice has the same text');
    const { choices } = await engine.alsoStreamed({ ...control, n });
    return new Set(choices.map(({ index }) => index)).size === n
      ? honoured()
      : deviates(`in streams, the index ${choices.map(({ index }) => String(index)).join(', ')} alone`);
  } catch (error) {
    if (error instanceof Decided) return error.verdict;
    throw error;
  }
}

/** Whether the choices are the same, and again when asked once more, where the engine samples at all. */
async function areAllAlike(engine: Examination, answer: EngineAnswer, body: Body): Promise<boolean> {
  const areAlike = ({ choices }: EngineAnswer): boolean => new Set(choices.map(({ text }) => text)).size === 1;
  return areAlike(answer) && areAlike(await engine.good(body)) && engine.isHonoured('temperature');
}

/** The choices of one prompt and their usage; `alone` is the count of one when all are the same. */
export function judgeChoices({ choices, usage }: EngineAnswer, n: number, alone?: number): Verdict {
  if (choices.length === 1) return ignored('one choice comes');
  if (choices.length !== n) return deviates(`${choices.length} choices come`);
  const indices = choices.map(({ index }) => index);
  if (indices.some((_, index) => !indices.includes(index)))
    return deviates(`their index is ${indices.map(String).join(', ')}`);
  const counted = usage?.completion_tokens ?? 0;
  // What was cut has the most tokens that it may have.
  const cut = choices.filter(({ finishReason }) => finishReason === 'length').length;
  const least = alone === undefined ? cut * MAX_TOKENS : n * alone;
  if (counted > 0 && counted < least) return deviates(`usage counts ${counted} tokens where there are ${least}`);
  return honoured();
}

/**
 * Usage tells, where it counts all that was generated. Otherwise the same seeds are asked with and without it: the best
 * of eight is not the first one each time, so texts that are all the same mean that nothing was chosen.
 */
async function bestOf(engine: Examination): Promise<Verdict> {
  const control = { ...engine.hotBody(MAX_TOKENS), temperature: 1 };
  const { usage } = await engine.good({ ...control, best_of: BEST_OF }, control);
  if ((usage?.completion_tokens ?? 0) > MAX_TOKENS) return honoured();
  if (!engine.isHonoured('seed')) return unclear('usage counts one choice, and seeds do not hold to compare by');
  let differing = 0;
  const means: { plain: number; best: number }[] = [];
  for (const seed of [1, 2, 3, 4]) {
    const body = { ...control, seed, ...(engine.isHonoured('logprobs') && { logprobs: 1 }) };
    const plain = await engine.good(body, control);
    const best = await engine.good({ ...body, best_of: BEST_OF }, body);
    if (textOf(plain) !== textOf(best)) differing += 1;
    means.push({ plain: meanLogprob(plain), best: meanLogprob(best) });
  }
  if (differing === 0) return ignored('the same texts come without it');
  if (means.some(({ plain, best }) => Number.isNaN(plain + best)))
    return unclear('the texts change, and nothing tells whether they are better');
  const gain = means.reduce((sum, { plain, best }) => sum + best - plain, 0);
  return gain > 0 ? honoured() : deviates('the texts are not the more probable ones');
}

function meanLogprob({ choices }: EngineAnswer): number {
  const logprobs = choices[0]?.logprobs;
  const values: unknown = isFields(logprobs) ? logprobs.token_logprobs : undefined;
  if (!Array.isArray(values) || values.length === 0) return NaN;
  return (values as number[]).reduce((sum, value) => sum + value, 0) / values.length;
}

/** Choices have the index `prompt index × n + choice index`; that they come in this order is wished for. */
export function judgeOrder(choices: EngineAnswer['choices'], expected: readonly string[]): Verdict {
  if (choices.length !== expected.length) return deviates(`${choices.length} choices, not ${expected.length}`);
  const isRight = expected.every((text, index) => choices.find((choice) => choice.index === index)?.text === text);
  if (!isRight) return deviates('an index does not say which prompt the choice belongs to');
  return choices.every(({ index }, position) => index === position)
    ? honoured()
    : deviates('choices come in another order than their index');
}
