import { describe, expect, it } from '@jest/globals';
import type { UpstreamChoice } from '../answer/upstream-completion.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { pickBest, toRankable } from './best-of.js';

const asked = (fields: Partial<CreateCompletionDto>): CreateCompletionDto => ({ model: 'm', prompt: 'Hi', ...fields });

/** A choice whose tokens have these log probabilities. */
function choice(index: number, text: string, ...logprobs: (number | null)[]): UpstreamChoice {
  const tokens = logprobs.map((_, at) => text[at] ?? '');
  const lists = { tokens, token_logprobs: logprobs, top_logprobs: logprobs.map(() => null) };
  return { index, text, logprobs: { ...lists, text_offset: tokens.map((_, at) => at) }, finish_reason: 'length' };
}

describe('best_of of an engine that does not support it', () => {
  it('asks for that many choices with log probabilities', () => {
    expect(toRankable(asked({ best_of: 3, n: 2, seed: 1 }))).toMatchObject({
      n: 3,
      best_of: null,
      logprobs: 0,
      seed: 1,
    });
    expect(toRankable(asked({ best_of: 3, logprobs: 2, echo: true }))).toMatchObject({ logprobs: 2, echo: true });
    expect(toRankable(asked({ best_of: 3, echo: true }))).toMatchObject({ logprobs: 0, echo: null });
  });

  it('picks the n choices of each prompt with the highest mean, best first, and renumbers them', () => {
    const body = asked({ prompt: ['A', 'B'], best_of: 3, n: 2 });
    const choices = [
      choice(0, 'ab', -1, -3),
      // More tokens, and a higher mean all the same.
      choice(1, 'cde', -1, -1, -2.5),
      choice(2, 'f', -9),
      choice(3, 'g', -3),
      choice(4, 'h', -2),
      choice(5, 'i', -1),
    ];
    expect(pickBest(choices, body).map(({ index, text, logprobs }) => [index, text, logprobs])).toEqual([
      [0, 'cde', null],
      [1, 'ab', null],
      [2, 'i', null],
      [3, 'h', null],
    ]);
  });

  it('ranks by the generated tokens alone when the prompt is scored as well', () => {
    const body = asked({ prompt: 'Hi', best_of: 2, echo: true, logprobs: 1 });
    const choices = [choice(0, 'Hia', null, -50, -3), choice(1, 'Hib', null, -1, -4)];
    expect(pickBest(choices, body)).toEqual([choices[0]]);
    const tokens = asked({ prompt: [5, 6], best_of: 2, echo: true, logprobs: 1 });
    expect(pickBest(choices, tokens)).toEqual([choices[0]]);
  });

  it('prepends a prompt that the engine was not asked to echo', () => {
    const body = asked({ prompt: ['A', 'B'], best_of: 2, echo: true });
    const choices = [choice(0, 'a', -1), choice(1, 'b', -2), choice(2, 'c', -2), choice(3, 'd', -1)];
    expect(pickBest(choices, body).map(({ text }) => text)).toEqual(['Aa', 'Bd']);
  });

  it('is refused by name when there is nothing to rank by', () => {
    const choices = [{ index: 0, text: 'a', logprobs: null }, choice(1, 'b', -2)];
    expect(() => pickBest(choices, asked({ best_of: 2 }))).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param: 'best_of' }),
    );
  });
});
