import { describe, expect, it, jest } from '@jest/globals';
import type { UpstreamChoice } from '../answer/upstream-completion.js';
import { StopAtTexts } from './stop.js';

/** What the client gets of a text that comes in these pieces, one token each. */
function relay(
  stops: string[],
  pieces: string[],
  withTokens = false,
): { text: string; tokens: string[]; finish: unknown } {
  const emulation = new StopAtTexts(stops);
  const got = { text: '', tokens: [] as string[], finish: null as unknown };
  let offset = 10;
  for (const [at, text] of pieces.entries()) {
    const isLast = at === pieces.length - 1;
    const lists = { tokens: [text], token_logprobs: [-1], top_logprobs: [null], text_offset: [offset] };
    offset += text.length;
    const choice: UpstreamChoice = {
      index: 0,
      text,
      finish_reason: isLast ? 'length' : null,
      logprobs: withTokens ? lists : null,
    };
    if (!emulation.fit(choice)) continue;
    expect(got.finish).toBeNull();
    got.text += choice.text;
    got.tokens.push(...(choice.logprobs?.tokens ?? []));
    got.finish = choice.finish_reason;
  }
  return got;
}

describe('stop texts that the engine does not look for', () => {
  it.each([
    [['END'], ['a', ' E', 'N', 'D', ' b']],
    [
      ['END', 'N'],
      ['a', ' EN', 'x'],
    ],
    [
      ['longer', 'on'],
      ['a ', 'lonx'],
    ],
  ])('cuts %j out of %j, also over the borders of the pieces', (stops, pieces) => {
    const whole = pieces.join('');
    const cut = Math.min(...stops.map((stop) => whole.indexOf(stop)).filter((at) => at >= 0));
    expect(relay(stops, pieces)).toEqual({ text: whole.slice(0, cut), tokens: [], finish: 'stop' });
  });

  it('release what was held back when the text ends without one', () => {
    expect(relay(['END'], ['a', ' E', 'N'])).toEqual({ text: 'a EN', tokens: [], finish: 'length' });
  });

  it('hold tokens back with their text, and send none of the stop text', () => {
    expect(relay(['END'], ['a', ' ', 'EN', 'D', 'b'], true)).toEqual({
      text: 'a ',
      tokens: ['a', ' '],
      finish: 'stop',
    });
    expect(relay(['END'], ['a', 'EN', 'x', ''], true)).toEqual({
      text: 'aENx',
      tokens: ['a', 'EN', 'x', ''],
      finish: 'length',
    });
  });

  it('keeps choices apart', () => {
    const emulation = new StopAtTexts(['.']);
    const first: UpstreamChoice = { index: 0, text: 'a.', finish_reason: null, logprobs: null };
    const second: UpstreamChoice = { index: 1, text: 'b', finish_reason: null, logprobs: null };
    expect([emulation.fit(first), emulation.fit(second)]).toEqual([true, true]);
    expect([first.text, first.finish_reason, second.text, second.finish_reason]).toEqual(['a', 'stop', 'b', null]);
  });

  it('look at each held token once more, when it is released, in an answer of a million tokens', () => {
    const emulation = new StopAtTexts(['x'.repeat(3_000)]);
    const sliced = jest.spyOn(Array.prototype, 'slice');
    let tokens = 0;
    for (let at = 0; at < 2_000; at++) {
      const lists = { tokens: ['x'], token_logprobs: [-1], top_logprobs: [null], text_offset: [at] };
      const choice: UpstreamChoice = { index: 0, text: 'x', finish_reason: null, logprobs: lists };
      emulation.fit(choice);
      tokens += choice.logprobs?.tokens?.length ?? 0;
    }
    const copied = sliced.mock.results.reduce((sum, { value }) => sum + (value as unknown[]).length, 0);
    sliced.mockRestore();
    expect([tokens, copied]).toEqual([0, 0]);
    const many = <T>(value: T): T[] => Array<T>(1_000_000).fill(value);
    const lists = { tokens: many('y'), token_logprobs: many(-1), top_logprobs: many(null), text_offset: many(2_000) };
    const last: UpstreamChoice = { index: 0, text: 'y'.repeat(1_000_000), finish_reason: 'length', logprobs: lists };
    emulation.fit(last);
    expect([last.text.length, last.logprobs?.tokens?.length]).toEqual([1_002_000, 1_002_000]);
  });
});
