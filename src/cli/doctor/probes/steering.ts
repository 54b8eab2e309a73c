import { isGood, textOf } from '../engine-answer.js';
import { type Examination, judgeBad, PROMPTS } from '../examination.js';
import type { Probe } from '../probe.js';
import { deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

/** Long enough for a text to say something twice. */
const MAX_TOKENS = 32;
const REPETITIVE = ['la la la la la la la la', '1, 2, 1, 2, 1, 2, 1, 2,', ...PROMPTS.slice(0, 4)];

/** Ids of any vocabulary, and then some that a small one lacks. */
const IDS = [40, 70, 300, 271, 500, 1000, 5000];

export const steeringProbes: readonly Probe[] = [
  { feature: 'logit_bias', judge: logitBias },
  { feature: 'frequency_penalty', judge: (engine) => penalty(engine, 'frequency_penalty') },
  { feature: 'presence_penalty', judge: (engine) => penalty(engine, 'presence_penalty') },
];

/** The largest penalty must change a greedy text that repeats itself, or the largest reward one that does not. */
async function penalty(engine: Examination, name: string): Promise<Verdict> {
  if (engine.findings.get('greedy text')?.is === 'deviates') return unclear('greedy texts are not the same each time');
  let repeats = false;
  for (const prompt of REPETITIVE) {
    const control = engine.greedyBody(MAX_TOKENS, prompt);
    const plain = await engine.greedy(MAX_TOKENS, prompt);
    for (const value of [2, -2]) {
      if (textOf(await engine.good({ ...control, [name]: value }, control)) !== plain) return honoured();
    }
    repeats ||= hasRepetition(plain);
  }
  return repeats ? ignored('2 and −2 change no text') : unclear('2 and −2 change no text, and none repeats itself');
}

function hasRepetition(text: string): boolean {
  const words = text.match(/\p{L}+/gu) ?? [];
  return new Set(words).size < words.length;
}

/**
 * A bias of 100 makes a token come whatever it is, so every id changes the text, to one of its own. Where the first
 * token's id can be found out, that is also forbidden.
 */
async function logitBias(engine: Examination): Promise<Verdict> {
  const control = engine.greedyBody(3);
  const plain = await engine.greedy(3);
  const forced = new Set<string>();
  let unchanged = 0;
  let refusal: Verdict | undefined;
  for (const id of IDS) {
    const answer = await engine.client.ask({ ...control, logit_bias: { [id]: 100 } });
    if (!isGood(answer)) {
      // A text of bytes that are no character may come as no choice; an id may be too large.
      refusal ??= judgeBad(answer);
      continue;
    }
    if (textOf(answer) === plain) unchanged += 1;
    else forced.add(textOf(answer));
    if (unchanged === 3) break;
    if (forced.size === 2 && unchanged === 0) return forbidden(engine, plain);
  }
  if (unchanged >= 2 && forced.size === 0) return ignored();
  if (forced.size === 0 && unchanged === 0) return refusal ?? unclear('no id was taken');
  return unclear(`${forced.size} ids changed the text, and ${unchanged} did not`);
}

/** Whether the first token can be banned, by the id that the engine's tokenizer reports, once that id proves right. */
async function forbidden(engine: Examination, plain: string): Promise<Verdict> {
  const first = await engine.greedy(1);
  const before = await engine.tokensOf(engine.prompt);
  const after = await engine.tokensOf(engine.prompt + first);
  const id = before && after?.length === before.length + 1 ? after.at(-1) : undefined;
  if (id === undefined) return honoured();
  const control = engine.greedyBody(3);
  const forced = textOf(await engine.good({ ...control, logit_bias: { [id]: 100 } }));
  if (forced !== first.repeat(3)) return honoured();
  const banned = textOf(await engine.good({ ...control, logit_bias: { [id]: -100 } }));
  return banned === plain ? deviates('−100 does not keep a token away') : honoured();
}
