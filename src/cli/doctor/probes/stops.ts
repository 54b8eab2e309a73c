import { textOf } from '../engine-answer.js';
import { type Examination } from '../examination.js';
import type { Probe } from '../probe.js';
import { Decided, deviates, honoured, ignored, unclear, type Verdict } from '../verdict.js';

const MAX_TOKENS = 16;
/** A text that no model generates. */
const NEVER = ['qzxv-1', 'qzxv-2', 'qzxv-3'];

export const stopProbes: readonly Probe[] = [
  {
    feature: 'stop',
    async judge(engine) {
      const { text, stop } = await stopIn(engine);
      const body = { ...engine.greedyBody(MAX_TOKENS), stop: [...NEVER, stop] };
      const answer = await engine.good(body).catch(async (error: unknown) => {
        if (!(error instanceof Decided) || error.verdict.is !== 'refused') throw error;
        await engine.good({ ...body, stop: [stop] });
        throw new Decided(deviates('one text to stop at, and not four'));
      });
      const whole = judgeStop(textOf(answer), text, stop);
      if (whole.is !== 'honoured') return whole;
      const streamed = judgeStop(textOf(await engine.alsoStreamed(body)), text, stop);
      return streamed.is === 'honoured' ? whole : deviates(`in streams: ${streamed.note ?? streamed.is}`);
    },
  },
  {
    feature: 'stop_text',
    async judge(engine) {
      const { text, stop } = await stopIn(engine);
      return judgeStop(textOf(await engine.good({ ...engine.greedyBody(MAX_TOKENS), stop })), text, stop);
    },
  },
  {
    item: 'finish_reason',
    otherwise: 'writes `length` or `stop` for the engine’s own words',
    async judge(engine) {
      const cut = (await engine.remembered(engine.greedyBody(2))).choices[0]?.finishReason;
      if (cut !== 'length') return deviates(`${JSON.stringify(cut)} where max_tokens ended the text`);
      if (!engine.isHonoured('stop')) return honoured();
      const { stop } = await stopIn(engine);
      const stopped = (await engine.good({ ...engine.greedyBody(MAX_TOKENS), stop: [stop] })).choices[0]?.finishReason;
      return stopped === 'stop' ? honoured() : deviates(`${JSON.stringify(stopped)} where stop ended the text`);
    },
  },
];

async function stopIn(engine: Examination): Promise<{ text: string; stop: string }> {
  const text = await engine.greedy(MAX_TOKENS);
  const stop = pickStop(text);
  if (stop === undefined) throw new Decided(unclear('the text has nothing to stop at'));
  return { text, stop };
}

/** Three characters from the middle of the text, or soon after it, that are not in it before. */
export function pickStop(text: string): string | undefined {
  for (let start = text.length >> 1; start + 3 < text.length; start++) {
    const piece = text.slice(start, start + 3);
    if (/^[\w.,]{3}$/.test(piece) && text.indexOf(piece) === start) return piece;
  }
  return undefined;
}

export function judgeStop(cut: string, text: string, stop: string): Verdict {
  const expected = text.slice(0, text.indexOf(stop));
  // Some engines take the white space before it off, too.
  if (cut.trimEnd() === expected.trimEnd()) return honoured();
  if (cut === text) return ignored();
  if (cut === expected + stop) return deviates('the text to stop at is left in');
  return deviates(`the text ends with ${JSON.stringify(cut.slice(-12))}, not ${JSON.stringify(expected.slice(-12))}`);
}
