import { describe, expect, it } from '@jest/globals';
import { mergeUsage } from './merge-usage.js';

const part = (promptIndex: number, prompt: number, completion: number, details: object = {}) => ({
  promptIndex,
  usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, ...details },
});

describe('the usage of an answer in parts', () => {
  it('counts each prompt once and every generated token', () => {
    expect(mergeUsage([part(0, 5, 2), part(0, 5, 3), part(1, 7, 1)])).toEqual({
      prompt_tokens: 12,
      completion_tokens: 6,
      total_tokens: 18,
    });
  });

  it('adds up the details in the same way, and invents none', () => {
    const first = { prompt_tokens_details: { cached_tokens: 1 }, completion_tokens_details: { reasoning_tokens: 2 } };
    const second = { prompt_tokens_details: { cached_tokens: 5 }, completion_tokens_details: { reasoning_tokens: 3 } };
    expect(
      mergeUsage([part(0, 5, 2, first), part(0, 5, 3, second), part(1, 1, 1, { prompt_tokens_details: null })]),
    ).toEqual({
      prompt_tokens: 6,
      completion_tokens: 6,
      total_tokens: 12,
      prompt_tokens_details: { cached_tokens: 1 },
      completion_tokens_details: { reasoning_tokens: 5 },
    });
  });

  it('takes an integer beyond a double for no list of details', () => {
    const first = { prompt_tokens_details: JSON.rawJSON('12345678901234567890') };
    const second = { prompt_tokens_details: { cached_tokens: 5 } };
    expect(mergeUsage([part(0, 1, 1, first), part(1, 1, 1, second)])).toMatchObject(second);
  });
});
