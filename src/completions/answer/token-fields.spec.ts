import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { UpstreamChoice } from './upstream-completion.js';
import { WithoutTokens } from '../features/max-tokens.js';
import { StopAtTexts } from '../features/stop.js';

type Fields = Record<string, unknown>;

const piece = (text: string, fields: Fields = {}): UpstreamChoice & Fields => ({
  index: 0,
  text,
  finish_reason: null,
  logprobs: null,
  ...fields,
});

/** The pieces that the client gets. */
function after(stops: string[], ...pieces: (UpstreamChoice & Fields)[]): (UpstreamChoice & Fields)[] {
  const emulation = new StopAtTexts(stops);
  return pieces.filter((each) => emulation.fit(each));
}

const idsOf = (pieces: Fields[]): unknown[] => pieces.flatMap(({ token_ids: ids }) => ids as unknown[]);

describe('the token fields of a choice that ends at a stop text', () => {
  it('follow the text, one token a chunk: nothing of the stop text and of what comes after', () => {
    const sent = after(
      ['STOP'],
      piece('a', { token_ids: [1] }),
      piece('bS', { token_ids: [2] }),
      piece('TO', { token_ids: [3] }),
      piece('x', { token_ids: [4] }),
      piece('STOP', { token_ids: [5], stop_reason: 7, hidden_states: [[1]] }),
      piece('after', { token_ids: [6] }),
    );
    expect(sent.map(({ text }) => text).join('')).toBe('abSTOx');
    expect(idsOf(sent)).toEqual([1, 2, 3, 4]);
    expect(sent.at(-1)).toEqual(piece('', { finish_reason: 'stop', token_ids: [] }));
  });

  it('are all sent when no stop text came', () => {
    const sent = after(
      ['STOP'],
      piece('aST', { token_ids: [1, 2] }),
      piece('', { finish_reason: 'length', token_ids: [], stop_reason: null }),
    );
    expect(idsOf(sent)).toEqual([1, 2]);
    expect(sent.at(-1)).toMatchObject({ text: 'ST', stop_reason: null });
  });

  it('are cut token by token where log probabilities tell the tokens apart', () => {
    const logprobs = {
      tokens: ['ab', 'S', 'TOP', 'c'],
      token_logprobs: [-1, -1, -1, -1],
      top_logprobs: [null, null, null, null],
      text_offset: [5, 7, 8, 11],
    };
    const [sent] = after(['STOP'], piece('abSTOPc', { token_ids: [1, 2, 3, 4], logprobs, finish_reason: 'stop' }));
    expect(sent).toMatchObject({ text: 'ab', token_ids: [1], logprobs: { tokens: ['ab'] } });
  });

  it('are removed where the tokens of the text are unknown', () => {
    const [sent] = after(
      ['STOP'],
      piece('abSTOPc', { token_ids: [1, 2, 3], tokens: [1, 2, 3], finish_reason: 'stop' }),
    );
    expect(sent).toEqual(piece('ab', { finish_reason: 'stop' }));
  });

  it('leave a piece with other extra fields where it is', () => {
    const [first] = after(['STOP'], piece('ST', { token_ids: [1], prompt_token_ids: [8, 9] }));
    expect(first).toEqual(piece('', { token_ids: [], prompt_token_ids: [8, 9] }));
  });

  it('have exactly the tokens with a part in the text, however they come', () => {
    const tokens = fc.array(fc.constantFrom('a', 'b', 'ab', 'ba', 'aab', ''), { maxLength: 12 });
    fc.assert(
      fc.property(tokens, fc.constantFrom('ab', 'aa', 'bab', 'c'), (texts, stop) => {
        const pieces = texts.map((text, id) => piece(text, { token_ids: [id] }));
        const sent = after([stop], ...pieces, piece('', { finish_reason: 'length', token_ids: [] }));
        const text = texts.join('');
        const cut = text.indexOf(stop);
        const begins = texts.map((_, at) => texts.slice(0, at).join('').length);
        const expected = texts.flatMap((_, at) => (cut === -1 || (begins[at] ?? 0) < cut ? [at] : []));
        expect(sent.map((each) => each.text).join('')).toBe(cut === -1 ? text : text.slice(0, cut));
        expect(idsOf(sent)).toEqual(expected);
      }),
    );
  });
});

describe('the token fields of a choice that is left without tokens', () => {
  const generated = { finish_reason: 'stop', token_ids: [1], stop_reason: 'x', hidden_states: [[1]] };

  it('are empty, and those of the prompt stay', () => {
    const choice = piece('Hi', { ...generated, prompt_token_ids: [8] });
    expect(new WithoutTokens(() => '').fit(choice)).toBe(true);
    expect(choice).toEqual(
      piece('', { finish_reason: 'length', token_ids: [], stop_reason: null, prompt_token_ids: [8] }),
    );
  });

  it('are removed when they may include the tokens of an echoed prompt', () => {
    const choice = piece('AskHi', { ...generated, token_ids: [8, 1] });
    new WithoutTokens(() => 'Ask').fit(choice);
    expect(choice).toEqual(piece('Ask', { finish_reason: 'length', stop_reason: null }));
  });
});
