import { describe, expect, it } from '@jest/globals';
import type { AnswerBody } from '../../upstreams/answer-body.js';
import { collectStream } from './collected-stream.js';
import { completionsDialect } from '../dialects/completions.js';

/** A body that arrives in these pieces. */
function bodyOf(...pieces: string[]): AnswerBody {
  const readEach = async (take: (piece: Buffer) => void | Promise<void>): Promise<void> => {
    for (const piece of pieces) await take(Buffer.from(piece));
  };
  return { readEach, leave: () => undefined };
}

const event = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`;
const choice = (index: number, text: string, finish: string | null = null, logprobs: object | null = null): object => ({
  id: 'x',
  choices: [{ index, text, finish_reason: finish, logprobs }],
});

describe('a stream that is collected', () => {
  it('is the answer with all texts, lists and the usage', async () => {
    const spent: number[] = [];
    const events = [
      event(choice(0, 'One', null, { content: [{ token: 'One' }] })),
      event(choice(1, 'Two')),
      event(choice(0, ' more', null, { content: [{ token: ' more' }] })),
      event(choice(1, '', 'stop')),
      event({ ...choice(0, '', 'length'), usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }),
      'data: [DONE]\n\n',
    ].join('');
    const middle = events.length >> 1;
    const json = await collectStream(bodyOf(events.slice(0, middle), events.slice(middle)), completionsDialect, (n) =>
      spent.push(n),
    );
    expect(JSON.parse(json)).toEqual({
      id: 'x',
      choices: [
        {
          index: 0,
          text: 'One more',
          finish_reason: 'length',
          logprobs: { content: [{ token: 'One' }, { token: ' more' }] },
        },
        { index: 1, text: 'Two', finish_reason: 'stop', logprobs: null },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    });
    expect(spent.reduce((sum, each) => sum + each)).toBeGreaterThan('One more Two'.length);
  });

  it.each([
    ['ends before a choice does', [event(choice(0, 'One')), 'data: [DONE]\n\n']],
    ['errs', [event(choice(0, 'One')), event({ error: { message: 'out of memory', code: 500 } })]],
  ])('is no answer when it %s', async (_, pieces) => {
    await expect(collectStream(bodyOf(...pieces), completionsDialect, () => undefined)).rejects.toMatchObject({
      name: 'UpstreamError',
    });
  });
});
