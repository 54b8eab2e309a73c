import { describe, expect, it } from '@jest/globals';
import { ByteBudget } from '../../common/byte-budget.js';
import type { UpstreamChoice, UpstreamCompletion } from '../answer/upstream-completion.js';
import { StreamProgress } from './stream-progress.js';

const choice = (text: string, fields: Partial<UpstreamChoice> = {}): UpstreamChoice => ({ index: 0, text, ...fields });
const chunk = (...choices: UpstreamChoice[]): UpstreamCompletion => ({ id: 'one', created: 1, choices });
const tokens = (offset: number, ...names: string[]): Partial<UpstreamChoice> => ({
  logprobs: { tokens: names, text_offset: names.map((_, index) => offset + index) },
});

function after(echoed: string[], ...chunks: UpstreamCompletion[]): StreamProgress {
  const progress = new StreamProgress(echoed.length, (index) => echoed[index] ?? '', new ByteBudget(Infinity).open());
  for (const each of chunks) progress.add(each);
  return progress;
}

describe('what a client has of a stream', () => {
  it('is nothing at first', () => {
    const progress = after(['', '']);
    expect([progress.hasBegun, progress.tokenCount, progress.openIndexes, progress.isWhole]).toEqual([
      false,
      0,
      [0, 1],
      false,
    ]);
    expect(progress.identity).toBeUndefined();
  });

  it('takes no memory for what was asked for and has not begun', () => {
    const progress = new StreamProgress(Number.MAX_SAFE_INTEGER, () => '', undefined);
    progress.add(chunk(choice('One', { finish_reason: 'stop' })));
    expect([progress.openIndexes, progress.isWhole, progress.tokenCount]).toEqual([[1, 2], false, 1]);
    expect(progress.choiceAt(-1)).toBeUndefined();
  });

  it('is text and tokens, one a chunk, without the finish', () => {
    const progress = after(
      [''],
      chunk(choice('Once')),
      chunk(choice(' upon')),
      chunk(choice('', { finish_reason: 'stop' })),
    );
    expect(progress.choiceAt(0)).toMatchObject({ text: 'Once upon', tokenCount: 2, isFinished: true });
    expect([progress.isWhole, progress.openIndexes]).toEqual([true, []]);
  });

  it('counts a last token that comes with the finish', () => {
    expect(after([''], chunk(choice('a')), chunk(choice('b', { finish_reason: 'length' }))).tokenCount).toBe(2);
  });

  it('counts as many tokens as come with the log probabilities', () => {
    const progress = after([''], chunk(choice('abc', tokens(5, 'a', 'b', 'c'))), chunk(choice('', tokens(8))));
    expect(progress.tokenCount).toBe(3);
  });

  it('counts tokens without text when their text comes, and not before', () => {
    const progress = after([''], chunk(choice('')), chunk(choice('')));
    expect(progress.tokenCount).toBe(0);
    progress.add(chunk(choice('🦊')));
    expect(progress.tokenCount).toBe(3);
    progress.add(chunk(choice('')));
    progress.add(chunk(choice('', { finish_reason: 'stop' })));
    expect(progress.tokenCount).toBe(3);
  });

  it('does not count an echoed prompt, whatever its pieces', () => {
    const progress = after(['Tell:'], chunk(choice('Te')), chunk(choice('ll:')));
    expect([progress.tokenCount, progress.choiceAt(0)?.text]).toEqual([0, 'Tell:']);
    progress.add(chunk(choice('')));
    progress.add(chunk(choice('Once')));
    expect(progress.tokenCount).toBe(2);
  });

  it('counts what follows an echoed prompt in the same chunk, by its offsets', () => {
    const together = choice('Tell:Ok', { logprobs: { tokens: ['Te', 'll:', 'O', 'k'], text_offset: [0, 2, 5, 6] } });
    expect(after(['Tell:'], chunk(together)).tokenCount).toBe(2);
    expect(after(['Tell:'], chunk(choice('Tell:Ok'))).tokenCount).toBe(1);
  });

  it('knows where the next token begins from the characters of the text: token names may be longer', () => {
    const progress = after(['']);
    expect(progress.choiceAt(0)?.nextOffset).toBeUndefined();
    progress.add(chunk(choice('a🦊', tokens(10, 'a', 'bytes:\\xf0\\x9f', 'bytes:\\xa6\\x8a'))));
    expect(progress.choiceAt(0)?.nextOffset).toBe(12);
    progress.add(chunk(choice('bc', tokens(12, 'bcd'))));
    expect(progress.choiceAt(0)?.nextOffset).toBe(14);
  });

  it('keeps choices apart, and knows which are open', () => {
    const progress = after(
      ['', '', ''],
      chunk(choice('a'), choice('b', { index: 2 })),
      chunk(choice('', { index: 2, finish_reason: 'stop' })),
      chunk(choice('x', { index: 7 })),
    );
    expect([progress.openIndexes, progress.tokenCount, progress.hasBegun]).toEqual([[0, 1], 2, true]);
  });

  it('has the identity of the first chunk with choices', () => {
    const progress = after([''], { id: '', created: 0, choices: [] });
    expect(progress.hasBegun).toBe(false);
    progress.add({ id: 'two', created: 2, system_fingerprint: 'fp', choices: [choice('a')] });
    expect(progress.identity).toEqual({ id: 'two', created: 2, system_fingerprint: 'fp' });
    expect(progress.hasBegun).toBe(true);
  });
});
