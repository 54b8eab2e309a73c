import { type EngineAnswer, isFields, isGood, textOf } from '../engine-answer.js';
import type { Body, Examination } from '../examination.js';
import type { Probe } from '../probe.js';
import { Decided, deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

const MAX_TOKENS = 3;
/** The most that the contract has. */
const TOP = 5;

interface LegacyLogprobs {
  tokens: string[];
  values: number[];
  /** Null for a token that follows nothing. */
  top: (Record<string, number> | null)[];
  offsets: unknown[];
}

export const logprobsProbes: readonly Probe[] = [
  {
    feature: 'logprobs',
    async judge(engine) {
      const body = { ...engine.greedyBody(MAX_TOKENS), logprobs: TOP };
      const answer = await engine.client.ask(body);
      if (!isGood(answer)) await requireFewer(engine, body);
      const whole = judgeLogprobs(isGood(answer) ? answer : await engine.good(body), TOP);
      if (whole.is === 'ignored' || whole.is === 'unclear') return whole;
      const { choices } = await engine.alsoStreamed(body);
      return isFields(choices[0]?.logprobs) ? whole : deviates('not in streams');
    },
  },
  {
    feature: 'logprobs_zero',
    async judge(engine) {
      const answer = await engine.good({ ...engine.greedyBody(MAX_TOKENS), logprobs: 0 });
      return judgeLogprobs(answer, 0);
    },
  },
  {
    item: 'text_offset',
    apis: ['completions'],
    otherwise: 'counts them from the start of the prompt',
    async judge(engine) {
      const answer = await engine.good({ ...engine.greedyBody(MAX_TOKENS), logprobs: 1 });
      const legacy = legacyOf(answer);
      if (!legacy) return unclear('no log probabilities of the legacy shape');
      return judgeOffsets(legacy.offsets, legacy.tokens, engine.prompt.length);
    },
  },
  {
    item: 'chosen token in top_logprobs',
    apis: ['completions'],
    otherwise: 'adds it',
    async judge(engine) {
      // Hot, so that tokens are chosen which are not the likeliest.
      const control = engine.hotBody(8);
      const legacy = legacyOf(await engine.good({ ...control, logprobs: 1 }, control));
      if (!legacy) return unclear('no log probabilities of the legacy shape');
      const absent = legacy.tokens.filter((token, index) => !Object.hasOwn(legacy.top[index] ?? {}, token));
      return absent.length === 0 ? honoured() : deviates(`${absent.length} of ${legacy.tokens.length} are not there`);
    },
  },
];

/** @throws {Decided} when fewer of the likeliest tokens can be had: vLLM's `--max-logprobs`. */
async function requireFewer(engine: Examination, body: Body): Promise<void> {
  for (let count = TOP - 1; count > 0; count--) {
    if (isGood(await engine.client.ask({ ...body, logprobs: count })))
      throw new Decided(deviates(`${count} of the likeliest tokens at most, not ${TOP}`));
  }
}

/** @throws {Decided} when there are none, or of another shape. */
function legacyOf(answer: EngineAnswer): LegacyLogprobs | undefined {
  const logprobs = answer.choices[0]?.logprobs;
  if (!isFields(logprobs)) return undefined;
  const { tokens, token_logprobs: values, top_logprobs: top, text_offset: offsets } = logprobs;
  if (!Array.isArray(tokens) || !Array.isArray(values)) return undefined;
  if (tokens.length !== values.length) throw new Decided(deviates('lists of different lengths'));
  return {
    tokens: tokens as string[],
    values: values as number[],
    top: Array.isArray(top) ? (top as LegacyLogprobs['top']) : [],
    offsets: Array.isArray(offsets) ? offsets : [],
  };
}

/** Log probabilities of a greedy text, when `wanted` of the likeliest tokens were asked for. */
export function judgeLogprobs(answer: EngineAnswer, wanted: number): Verdict {
  const logprobs = answer.choices[0]?.logprobs;
  if (!isFields(logprobs)) return ignored('none come');
  if (Array.isArray(logprobs.content)) {
    return logprobs.content.length === 0
      ? ignored('none come')
      : { is: 'deviates', note: 'the shape of chat completions', isChatShape: true };
  }
  const legacy = legacyOf(answer);
  if (!legacy) return deviates('another shape than the four lists');
  const { tokens, values, top } = legacy;
  if (tokens.length === 0) return ignored('the lists are empty');
  if (!values.every((value) => typeof value === 'number' && value <= 0))
    return deviates('a token has no log probability');
  if (tokens.join('').trim() !== textOf(answer).trim()) return deviates('the tokens do not spell the text');
  if (wanted === 0) return honoured();
  if (top.length !== tokens.length) return deviates('no top_logprobs');
  const fewest = Math.min(...top.map((each) => Object.keys(each ?? {}).length));
  return fewest < wanted ? deviates(`top_logprobs of ${fewest} tokens, not ${wanted}`) : honoured();
}

export function judgeOffsets(offsets: readonly unknown[], tokens: readonly string[], promptLength: number): Verdict {
  if (offsets.length !== tokens.length) return deviates('there are none');
  const [first] = offsets;
  let offset = Number(first);
  const isSteady = tokens.every((token, index) => {
    const isRight = offsets[index] === offset;
    offset += [...token].length;
    return isRight;
  });
  if (!isSteady) return deviates(`they are ${offsets.map(String).join(', ')}`);
  if (first === promptLength) return honoured();
  return first === 0 ? deviates('counted from the start of the completion') : deviates(`the first is ${String(first)}`);
}
