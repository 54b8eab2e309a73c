import { describe, expect, it } from '@jest/globals';
import { ByteBudget } from '../../common/byte-budget.js';
import type { UpstreamChoice } from '../answer/upstream-completion.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { choiceCountOf, echoedPromptOf } from '../../contract/prompts.js';
import { type Resumption, resumptionOf } from './resume.js';
import { StreamProgress } from './stream-progress.js';

const BODY: CreateCompletionDto = { model: 'm', prompt: 'Tell:', max_tokens: 10, stream: true };

/** What follows from a stream that broke after these choices, one a chunk. */
function after(
  body: CreateCompletionDto,
  ...choices: (Partial<UpstreamChoice> & { text: string })[]
): Resumption | undefined {
  const progress = new StreamProgress(
    choiceCountOf(body),
    (index) => echoedPromptOf(body, index),
    new ByteBudget(Infinity).open(),
  );
  for (const choice of choices) progress.add({ choices: [{ index: 0, ...choice }] });
  return resumptionOf(body, progress);
}

const ONCE = { text: 'Once' };
const finished = (index: number): UpstreamChoice => ({ index, text: '', finish_reason: 'stop' });

describe('a resumption', () => {
  it('asks for what is left, with everything else as it was', () => {
    const parameters = {
      temperature: 0.3,
      stop: ['x'],
      suffix: 'y',
      seed: 1,
      logit_bias: { '1': 2 },
      n: 1,
      best_of: 1,
    };
    expect(after({ ...BODY, ...parameters }, ONCE, { text: ' upon' })).toEqual({
      body: { ...BODY, ...parameters, prompt: 'Tell:Once upon', max_tokens: 8, n: null, best_of: null, echo: null },
      index: 0,
      owedText: '',
      offset: undefined,
      delivered: { ofChoice: 2, ofAll: 2 },
      isOnlyEnd: false,
    });
  });

  it("does not change the client's body: another resume may follow", () => {
    const body = Object.freeze({ ...BODY });
    expect(after(body, ONCE)?.body.max_tokens).toBe(9);
  });

  it.each([
    ['all tokens were delivered', { ...BODY, max_tokens: 1 }, [ONCE]],
    ['the choice has finished', BODY, [ONCE, finished(0)]],
  ])('asks for the end only when %s', (_, body, choices) => {
    expect(after(body, ...choices)).toMatchObject({
      isOnlyEnd: true,
      body: { prompt: 'Tell:Once', max_tokens: 1 },
      delivered: { ofChoice: 1, ofAll: 1 },
    });
  });

  it('owes the rest of an echoed prompt, and then nothing', () => {
    const body = { ...BODY, echo: true };
    expect(after(body, { text: 'Te' })).toMatchObject({ owedText: 'll:', body: { prompt: 'Tell:', max_tokens: 10 } });
    expect(after(body, { text: 'Tell:' })).toMatchObject({ owedText: '', body: { prompt: 'Tell:', max_tokens: 10 } });
    expect(after(body, { text: 'Tell:' }, ONCE)).toMatchObject({
      owedText: '',
      body: { prompt: 'Tell:Once', max_tokens: 9 },
    });
  });

  it('continues the open choice with its own prompt, and counts the tokens of all', () => {
    const body = { ...BODY, prompt: ['A:', 'B:'], n: 2 };
    const choices = [ONCE, finished(0), { index: 1, ...ONCE }, finished(1), finished(2), { index: 3, text: 'Hi' }];
    expect(after(body, ...choices)).toMatchObject({
      index: 3,
      body: { prompt: 'B:Hi', max_tokens: 9, n: null },
      delivered: { ofChoice: 1, ofAll: 3 },
    });
  });

  it('knows at which offset it continues', () => {
    const logprobs = { tokens: ['Once'], text_offset: [5] };
    expect(after({ ...BODY, logprobs: 1 }, { text: 'Once', logprobs })?.offset).toBe(9);
  });

  it.each<[string, Partial<CreateCompletionDto>, (Partial<UpstreamChoice> & { text: string })[]]>([
    ['token ids', { prompt: [1, 2] }, [ONCE]],
    ['lists of token ids', { prompt: [[1, 2]] }, [ONCE]],
    ['two open choices', { n: 2 }, [ONCE]],
    ['two open prompts', { prompt: ['A', 'B'] }, [ONCE]],
    ['best_of', { best_of: 2 }, [ONCE]],
    ['usage over two prompts', { prompt: ['A', 'B'], stream_options: { include_usage: true } }, [ONCE, finished(0)]],
    ['log probabilities of half an echoed prompt', { echo: true, logprobs: 0 }, [{ text: 'Te' }]],
    ['an echo that is not the prompt', { echo: true }, [{ text: '<s>Te' }]],
    ['an unknown field', { anything: 0 } as object, [ONCE]],
    ['an unknown option of the stream', { stream_options: { anything: 0 } as object }, [ONCE]],
  ])('is not possible for %s', (_, fields, choices) => {
    expect(after({ ...BODY, ...fields }, ...choices)).toBeUndefined();
  });
});
