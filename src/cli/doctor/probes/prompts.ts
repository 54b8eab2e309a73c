import { type EngineAnswer, textOf } from '../engine-answer.js';
import { type Examination, PROMPTS } from '../examination.js';
import type { Probe } from '../probe.js';
import { Decided, deviates, honoured, ignored, refused, unclear, type Verdict } from '../verdict.js';

/** Ids that the vocabulary of every model has; what they stand for does not matter. */
const SOME_IDS = [11, 12, 13, 14, 15, 16];
const OTHER_IDS = [20, 19, 18];

/** More than TGI's limit. */
const SEVERAL = 5;

/** What a token or two are put into: more than a start token is a template. */
const MOST_TOKENS_OF_A_LETTER = 4;

export const promptProbes: readonly Probe[] = [
  {
    item: 'prompt',
    apis: ['completions'],
    otherwise: 'passes it on; the model’s template has to be changed in the engine',
    async judge(engine) {
      const { usage } = await engine.good(engine.greedyBody(1, 'a'));
      if (!usage || usage.prompt_tokens === 0) return unclear('no usage to count the prompt by');
      return usage.prompt_tokens <= MOST_TOKENS_OF_A_LETTER
        ? honoured()
        : deviates(`a template of ${usage.prompt_tokens - 1} tokens is put around it`);
    },
  },
  {
    feature: 'prompt_list',
    apis: ['completions'],
    async judge(engine) {
      const several = await severalTexts(engine, PROMPTS.slice(0, SEVERAL));
      if (several.is !== 'refused') return several;
      const two = await severalTexts(engine, PROMPTS.slice(0, 2));
      return two.is === 'honoured' ? deviates(`fewer than ${SEVERAL} texts only`) : several;
    },
  },
  {
    feature: 'prompt_empty',
    apis: ['completions'],
    async judge(engine) {
      const answer = await engine.good(engine.greedyBody(4, ''));
      return textOf(answer) === '' ? ignored('nothing is generated') : honoured();
    },
  },
  {
    feature: 'prompt_tokens',
    apis: ['completions'],
    async judge(engine) {
      const ids = await engine.tokensOf(engine.prompt);
      if (ids) {
        const answer = await engine.good(engine.greedyBody(8, ids));
        if (textOf(answer) === (await engine.greedy())) return honoured();
      }
      const answer = await engine.good(engine.greedyBody(4, SOME_IDS));
      if (answer.usage && answer.usage.prompt_tokens > 0) return judgeCount(answer.usage.prompt_tokens);
      const other = await engine.good(engine.greedyBody(4, OTHER_IDS));
      return textOf(answer) === textOf(other) ? unclear('no usage, and the same text for other ids') : honoured();
    },
  },
  {
    feature: 'prompt_tokens_list',
    apis: ['completions'],
    async judge(engine) {
      const lists = [SOME_IDS, OTHER_IDS];
      const answer = await engine.good(engine.greedyBody(2, lists));
      const single = engine.findings.get('prompt_tokens');
      if (single?.is === 'refused') return deviates('several lists are taken, and one is not');
      const alone = [];
      for (const ids of lists) alone.push(await engine.remembered(engine.greedyBody(2, ids)));
      return compare(answer, alone);
    },
  },
  {
    feature: 'suffix',
    apis: ['completions'],
    async judge(engine) {
      const plain = await engine.greedy();
      for (const suffix of [' The end.', ' and they all laughed.', '\n\nreturn result;']) {
        const answer = await engine.good({ ...engine.greedyBody(), suffix });
        const text = textOf(answer);
        if (text === plain + suffix) return deviates('it is put behind the text, which does not know of it');
        if (text !== plain) return honoured();
      }
      return ignored('the text is the same with three of them');
    },
  },
  {
    item: 'infill endpoint',
    apis: ['completions'],
    otherwise: 'needs `fimTemplates`, where it emulates `suffix`',
    async judge(engine) {
      const { model } = engine.subject;
      const body = { model, input_prefix: engine.prompt, input_suffix: ' The end.', n_predict: 2, temperature: 0 };
      const { status, json, text } = await engine.client.post('/infill', body);
      if (status === 200 && typeof (json as { content?: unknown } | null)?.content === 'string') return honoured();
      return status === 200 || status === 0 ? unclear(text) : refused(status);
    },
  },
];

async function severalTexts(engine: Examination, prompts: string[]): Promise<Verdict> {
  try {
    const alone = [];
    for (const prompt of prompts) alone.push(await engine.remembered(engine.greedyBody(2, prompt)));
    const whole = compare(await engine.good(engine.greedyBody(2, prompts)), alone);
    if (whole.is !== 'honoured') return whole;
    const streamed = await engine.alsoStreamed(engine.greedyBody(2, prompts));
    // The usage of streams is another question.
    const verdict = compare({ ...streamed, usage: undefined }, alone);
    return verdict.is === 'deviates' ? deviates(`in streams: ${verdict.note}`) : verdict;
  } catch (error) {
    if (error instanceof Decided) return error.verdict;
    throw error;
  }
}

/** One answer to several prompts beside the answers to each of them. */
export function compare(together: EngineAnswer, alone: readonly EngineAnswer[]): Verdict {
  const { choices, usage } = together;
  if (choices.length === 1 && alone.length > 1) return deviates('one choice for all of them');
  if (choices.length !== alone.length) return deviates(`${choices.length} choices for ${alone.length} prompts`);
  const indices = new Set(choices.map(({ index }) => index));
  if (!alone.every((_, index) => indices.has(index)))
    return deviates(`choices with the index ${[...indices].map(String).join(', ')}`);
  const texts = alone.map((answer) => textOf(answer));
  // In a batch, rounding may tip a near tie: one text of several may differ.
  const same = texts.filter((text, index) => text === textOf(together, index)).length;
  if (same < texts.length - 1 || same === 0) return deviates('other texts than for each prompt alone');
  const sum = (name: 'prompt_tokens' | 'completion_tokens'): number =>
    alone.reduce((total, answer) => total + (answer.usage?.[name] ?? NaN), 0);
  if (!usage || Number.isNaN(sum('prompt_tokens')) || sum('completion_tokens') === 0) return honoured();
  return usage.prompt_tokens < sum('prompt_tokens') || usage.completion_tokens < sum('completion_tokens') - 1
    ? deviates(
        `usage counts ${usage.prompt_tokens} + ${usage.completion_tokens} tokens, not ${sum('prompt_tokens')} + ${sum('completion_tokens')}`,
      )
    : honoured();
}

function judgeCount(promptTokens: number): Verdict {
  // A start token may have come in front.
  return promptTokens === SOME_IDS.length || promptTokens === SOME_IDS.length + 1
    ? honoured()
    : deviates(`${SOME_IDS.length} ids count as ${promptTokens} tokens`);
}
