import { describe, expect, it } from '@jest/globals';
import { toCompletionRequest } from './completion-request.js';
import type { EngineBody } from './engine-fields.js';
import type { Model } from './load-model.js';
import { Vocabulary } from './vocabulary.js';

const SPELLINGS = ['<s>', '</s>', '<pre>', '<suf>', '<mid>', 'a', 'b'];

/** Unlike the storyteller, it expects its start token before each text. */
const MODEL = {
  contextSize: 32,
  vocabulary: new Vocabulary({
    tokenizerModel: 'gpt2',
    spellings: SPELLINGS,
    kindOf: (token) => ({ isControl: token < 5, isVerbatim: false }),
  }),
  startToken: 0,
  prependsStartToken: true,
  fillInMiddle: { prefix: 2, suffix: 3, middle: 4 },
  tokenize: (text: string) => [...text].map((letter) => SPELLINGS.indexOf(letter)),
  endTokens: new Set([1]),
  specialTokens: new Set([0, 2, 3, 4]),
} as unknown as Model;

const requestOf = (body: Partial<EngineBody>): ReturnType<typeof toCompletionRequest> =>
  toCompletionRequest({ model: 'm', prompt: 'ab', ...body }, MODEL);

describe('a request', () => {
  it.each<[object, number[]]>([
    [{}, [0, 5, 6]],
    [{ add_special_tokens: true }, [0, 5, 6]],
    [{ add_special_tokens: false }, [5, 6]],
    [{ add_special_tokens: false, suffix: 'a' }, [2, 5, 6, 3, 5, 4]],
    [{ prompt: [5] }, [5]],
    [{ prompt: '' }, [0]],
  ])('with %j is evaluated as %j', (body, tokens) => {
    expect(requestOf(body).prompts[0]?.tokens).toEqual(tokens);
  });

  it.each<[object, number[]]>([
    [{}, [0, 2, 3, 4]],
    [{ skip_special_tokens: true }, [0, 2, 3, 4]],
    [{ skip_special_tokens: false }, []],
    [{ logit_bias: { 2: 1, 3: -1, 5: 9 }, stop_token_ids: [4, 6] }, [0, 3]],
  ])('with %j never chooses %j', (body, banned) => {
    const { sampling } = requestOf(body);
    expect([...sampling.banned]).toEqual(banned);
    expect(sampling.bannedAtFirst).toBe(sampling.banned);
  });

  it('with min_tokens bans at first what would end the text', () => {
    const { sampling } = requestOf({ min_tokens: 3, stop_token_ids: [6] });
    expect([...sampling.bannedAtFirst].sort()).toEqual([0, 1, 2, 3, 4, 6]);
    expect([...sampling.banned]).toEqual([0, 2, 3, 4]);
  });
});
