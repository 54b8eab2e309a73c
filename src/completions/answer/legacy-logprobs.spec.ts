import { describe, expect, it } from '@jest/globals';
import type { UpstreamChoice, UpstreamLogprobs } from './upstream-completion.js';
import { promptLengthsOf } from '../../contract/prompts.js';
import { ToLegacyLogprobs } from './legacy-logprobs.js';

const piece = (text: string, logprobs: UpstreamLogprobs | null): UpstreamChoice => ({ index: 0, text, logprobs });

function fit(
  emulation: ToLegacyLogprobs,
  text: string,
  logprobs: UpstreamLogprobs | null,
): UpstreamLogprobs | null | undefined {
  const choice = piece(text, logprobs);
  emulation.fit(choice);
  return choice.logprobs;
}

const bytesOf = (text: string): number[] => [...Buffer.from(text)];

function emulationFor(topCount: number, isEchoed: boolean, prompt: string): ToLegacyLogprobs {
  return new ToLegacyLogprobs(topCount, isEchoed, () => prompt, promptLengthsOf({ model: 'm', prompt }));
}

describe('log probabilities', () => {
  it('in the shape of chat completions become the legacy lists, their offsets counted over the pieces', () => {
    const emulation = emulationFor(1, false, 'Hé🙂');
    const content = [{ token: ' a', logprob: -1, top_logprobs: [{ token: ' b', logprob: -0.5 }] }];
    expect(fit(emulation, ' a', { content })).toEqual({
      tokens: [' a'],
      token_logprobs: [-1],
      top_logprobs: [{ ' b': -0.5, ' a': -1 }],
      text_offset: [3],
    });
    expect(fit(emulation, 'é', { content: [{ token: 'é', logprob: -2 }] })).toMatchObject({ text_offset: [5] });
    expect(fit(emulation, '!', { content: [{ token: '!', logprob: -3 }] })).toMatchObject({ text_offset: [6] });
  });

  it('name the parts of a character by their bytes, at the offset where the character begins', () => {
    const emulation = emulationFor(0, false, '');
    const [first = 0, second = 0, ...rest] = bytesOf('🙂');
    const content = [
      { token: '\uFFFD', logprob: -1, bytes: [first, second] },
      { token: '\uFFFD', logprob: -1, bytes: rest },
      { token: 'x', logprob: -1, bytes: bytesOf('x') },
    ];
    expect(fit(emulation, '🙂x', { content })).toMatchObject({
      tokens: [String.raw`bytes:\xf0\x9f`, String.raw`bytes:\x99\x82`, 'x'],
      text_offset: [0, 0, 1],
    });
  });

  it('with offsets from the completion are moved behind the prompt, and those without offsets get them', () => {
    const lists = { tokens: ['a', 'bc'], token_logprobs: [-1, -2], top_logprobs: [{ a: -1 }, { bc: -2 }] };
    const moved = fit(emulationFor(1, false, 'Hey'), 'abc', { ...lists, text_offset: [0, 1] });
    expect(moved).toEqual({ ...lists, text_offset: [3, 4] });
    const counted = fit(emulationFor(1, false, 'Hey'), 'abc', { ...lists, text_offset: [-1, -1] });
    expect(counted).toEqual({ ...lists, text_offset: [3, 4] });
    const echoed = fit(emulationFor(1, true, 'a'), 'abc', { ...lists, text_offset: [0, 1] });
    expect(echoed).toEqual({ ...lists, text_offset: [0, 1] });
  });

  it.each([[-1], [0]])(
    'find their offset again after parts of characters in an echoed prompt (offsets from %d)',
    (first) => {
      const tokens = ['Za', '\uFFFD', '\uFFFD', 'o', '\uFFFD', '\uFFFD', '\uFFFD', '\uFFFD', ' x'];
      const lists = {
        tokens,
        token_logprobs: tokens.map(() => -1),
        top_logprobs: tokens.map((token) => ({ [token]: -1 })),
        text_offset: tokens.map((_, at) => (first < 0 ? first : at)),
      };
      const emulation = emulationFor(1, true, 'Zażoó🙂');
      expect(fit(emulation, 'Zażoó🙂 x', lists)).toEqual({ ...lists, text_offset: [0, 2, 2, 3, 4, 4, 4, 4, 6] });
    },
  );

  it('are as many as requested, by falling probability, and always include the chosen token', () => {
    const logprobs = {
      tokens: ['c', '__proto__'],
      token_logprobs: [-3, -4],
      top_logprobs: [{ b: -2, a: -1, c: -3 }, null],
      text_offset: [0, 1],
    };
    const fitted = fit(emulationFor(1, false, ''), 'c', logprobs) as typeof logprobs;
    expect(Object.entries(fitted.top_logprobs[0] ?? {})).toEqual([
      ['a', -1],
      ['c', -3],
    ]);
    expect(Object.entries(fitted.top_logprobs[1] ?? {})).toEqual([['__proto__', -4]]);
    const none = fit(emulationFor(0, false, ''), 'c', logprobs) as typeof logprobs;
    expect(Object.entries(none.top_logprobs[0] ?? {})).toEqual([['c', -3]]);
  });

  it('of a prompt begin with a token without one', () => {
    const logprobs = { tokens: ['a'], token_logprobs: [null], top_logprobs: [null], text_offset: [0] };
    expect(fit(emulationFor(1, true, 'a'), 'a', logprobs)).toEqual(logprobs);
  });

  it('that are missing beside a text are an error that names them, and allows a fallback', () => {
    const emulation = emulationFor(1, false, '');
    expect(fit(emulation, '', null)).toBeNull();
    expect(() => fit(emulation, 'a', null)).toThrow(
      expect.objectContaining({
        status: 400,
        code: 'unsupported_parameter',
        param: 'logprobs',
        allowsFallback: true,
        allowsRetry: false,
        isFailure: false,
      }),
    );
  });

  it('may be missing in a last chunk without text', () => {
    const emulation = emulationFor(0, false, '');
    fit(emulation, 'a', { content: [{ token: 'a', logprob: -1 }] });
    expect(fit(emulation, '', null)).toBeNull();
  });
});
