import { describe, expect, it } from '@jest/globals';
import { ByteBudget } from '../../common/byte-budget.js';
import { RECORDINGS } from '../../../test/support/recordings.js';
import type { UpstreamChoice } from '../answer/upstream-completion.js';
import { type TokenIds, TokenTrail } from './token-trail.js';

type Choice = UpstreamChoice & TokenIds;

const trail = (heldCharacters = 0, bytes = Infinity): TokenTrail =>
  new TokenTrail(heldCharacters, new ByteBudget(bytes).open(), [1, 2]);
const choice = (text: string, ...token_ids: number[]): Choice => ({ index: 0, text, token_ids });

describe('the token ids of a stream', () => {
  it('have a boundary after each chunk with text, in code points', () => {
    const ids = trail();
    for (const each of [choice('a', 5), choice('', 6), choice('🦊b', 7, 8)]) ids.add(each);
    expect([0, 1, 2, 3].map((at) => ids.boundaryWithin(at).tokenCount)).toEqual([0, 1, 1, 4]);
    ids.rewind({ tokenCount: 1, characters: 1 });
    expect([ids.ids, ids.boundaryWithin(3)]).toEqual([[5], { tokenCount: 1, characters: 1 }]);
  });

  it.each<[string, Choice[], number]>([
    ['text comes without an id', [choice('a', 5), { index: 0, text: 'b' }], Infinity],
    ['an id is no number', [{ index: 0, text: 'b', token_ids: ['x'] }], Infinity],
    ['there is no room for them', [choice('a', 5)], 10],
  ])('are not known any more where %s', (_, choices, bytes) => {
    const ids = trail(0, bytes);
    for (const each of choices) ids.add(each);
    expect(ids.isKnown).toBe(false);
  });

  it('of vLLM 0.32.0 are ahead of the text by the length of the longest stop text, less one character', () => {
    const recording = RECORDINGS.find(([name]) => name === 'vllm-0.32.0')?.[1];
    const { answer } = recording?.exchanges.find(({ name }) => name.startsWith('token ids before text')) ?? {};
    const events = (answer?.pieces.join('') ?? '').split('\n\n').filter((event) => event.startsWith('data: {'));
    const choices = events.map((event) => (JSON.parse(event.slice(6)) as { choices: [Choice] }).choices[0]);
    expect(choices).toHaveLength(12);
    const ids = trail('nothing like this'.length - 1);
    let text = '';
    for (const each of choices.slice(0, -1)) {
      ids.add(each);
      text += each.text;
    }
    const whole = text + (choices.at(-1)?.text ?? '');
    // Each place lies between two words: the tokens of this text are its words and its marks.
    for (let length = 0; length <= text.length; length++) {
      const { tokenCount, characters } = ids.boundaryWithin(length);
      expect(whole.slice(0, characters).match(/ ?\w+|[.,]/g)?.length ?? 0).toBe(tokenCount);
    }
    expect(ids.boundaryWithin(text.length).tokenCount).toBeGreaterThan(3);
  });
});
