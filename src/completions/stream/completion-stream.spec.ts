import { describe, expect, it } from '@jest/globals';
import { ByteBudget } from '../../common/byte-budget.js';
import { chunk } from '../../../test/support/fake-upstream.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { CompletionStream } from './completion-stream.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { completionsDialect } from '../dialects/completions.js';
import { PartReader } from './part-reader.js';
import { resumptionOf } from './resume.js';
import { ResumedChunks } from './resumed-chunks.js';
import { StreamProgress } from './stream-progress.js';

const expected = {
  requestedModel: 'test-model',
  includeUsage: true,
  continuousUsage: true,
  countsUsage: false,
  endsEarly: false,
};
const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };

/** Reads the answer to a request that was sent as one. */
function wholeReader(isPlain = false): PartReader {
  const part = {
    dialect: completionsDialect,
    writeBody: () => '{}',
    firstChoice: 0,
    choiceCount: 1,
    promptIndex: 0,
    isPlain,
    fitters: () => [],
  };
  return new PartReader(part, { id: 'cmpl-x', created: 0 });
}

describe('a resumed stream of which only the end was missing', () => {
  it('has the finish and then the usage, once, whichever chunks of the upstream carry it', () => {
    const body = {
      model: 'test-model',
      prompt: 'Hi',
      max_tokens: 1,
      stream: true,
      stream_options: { include_usage: true },
    } as CreateCompletionDto;
    const progress = new StreamProgress(1, () => '', new ByteBudget(Infinity).open());
    const first = wholeReader();
    new CompletionStream(expected, progress, [first]).accept(first, JSON.stringify(chunk('One')));
    const resumption = resumptionOf(body, progress);
    expect(resumption).toMatchObject({ isOnlyEnd: true, body: { prompt: 'HiOne', max_tokens: 1 } });
    if (!resumption) return;

    const reader = wholeReader();
    const stream = new CompletionStream(expected, progress, [reader], new ResumedChunks(resumption, progress));
    const sent = [
      chunk(' two', null, { usage }),
      chunk('', 'length', { usage }),
      chunk('', null, { choices: [], usage }),
    ].map((each) => stream.accept(reader, JSON.stringify(each)));
    const summed = { prompt_tokens: 2, completion_tokens: 1, total_tokens: 3 };
    expect(sent.map((event) => (event === '' ? '' : (JSON.parse(event.slice('data: '.length)) as object)))).toEqual([
      '',
      chunk('', 'length', { usage: summed }),
      chunk('', null, { choices: [], usage: summed }),
    ]);
    expect(stream.accept(reader, '[DONE]')).toBe('data: [DONE]\n\n');
  });
});

describe('a resumed stream of one of several choices', () => {
  it('is incomplete while its choice has no finish', () => {
    const body = { model: 'test-model', prompt: 'Hi', n: 2, stream: true } as CreateCompletionDto;
    const progress = new StreamProgress(2, () => '', new ByteBudget(Infinity).open());
    progress.add({ choices: [{ index: 0, text: 'One', finish_reason: 'stop' }] });
    progress.add({ choices: [{ index: 1, text: 'Two' }] });
    const resumption = resumptionOf(body, progress);
    expect(resumption?.index).toBe(1);
    if (!resumption) return;
    const reader = wholeReader();
    const stream = new CompletionStream(expected, progress, [reader], new ResumedChunks(resumption, progress));
    stream.accept(reader, JSON.stringify(chunk(' and')));
    expect(() => stream.end(reader)).toThrow(UpstreamError);
    stream.accept(reader, JSON.stringify(chunk('', 'stop')));
    expect(stream.end(reader)).toContain('[DONE]');
  });
});

describe('a choice that has finished', () => {
  const expectation = { ...expected, includeUsage: false, continuousUsage: false };

  it('gets no more text, even where its chunks look like those before', () => {
    const reader = wholeReader(true);
    const progress = new StreamProgress(1, () => '', undefined);
    const stream = new CompletionStream(expectation, progress, [reader]);
    const sent = [chunk('One'), chunk(' two'), chunk(' three'), chunk('', 'stop'), chunk(' four'), chunk('', 'length')];
    const events = sent.map((each) => stream.accept(reader, JSON.stringify(each)));
    expect(events.map((event) => event !== '')).toEqual([true, true, true, true, false, false]);
    expect(stream.state).toBe('text done');
    expect(stream.accept(reader, '[DONE]')).toBe('data: [DONE]\n\n');
    expect(stream.state).toBe('done');
  });

  it('does not end the stream before the requested usage', () => {
    const reader = wholeReader();
    const stream = new CompletionStream(expected, new StreamProgress(1, () => '', undefined), [reader]);
    const states = [chunk('One'), chunk('', 'stop'), chunk('', null, { choices: [], usage })].map((each) => {
      stream.accept(reader, JSON.stringify(each));
      return stream.state;
    });
    expect(states).toEqual(['open', 'usage pending', 'text done']);
  });
});
