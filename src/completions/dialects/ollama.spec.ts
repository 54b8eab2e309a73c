import { describe, expect, it } from '@jest/globals';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { ollamaDialect } from './ollama.js';

const read = (answer: object, isWhole = false): unknown => ollamaDialect.read(JSON.stringify(answer), isWhole);

describe('an answer of Ollama', () => {
  it('has its text first, and the reason and the counts, which may lack one of 0, at the end', () => {
    expect(read({ response: ' a', done: false })).toEqual({
      choices: [{ index: 0, text: ' a', finish_reason: null, logprobs: null }],
    });
    expect(read({ response: '', done: true, done_reason: 'length', prompt_eval_count: 4 })).toEqual({
      choices: [{ index: 0, text: '', finish_reason: 'length', logprobs: null }],
      usage: { prompt_tokens: 4, completion_tokens: 0, total_tokens: 4 },
    });
  });

  it('has its log probabilities in the shape of chat completions', () => {
    const logprobs = [{ token: 'a', logprob: -1, bytes: [97] }];
    expect(read({ response: 'a', done: false, logprobs })).toMatchObject({
      choices: [{ logprobs: { content: logprobs } }],
    });
  });

  it('was cut when it is whole and not done', () => {
    expect(read({ response: 'a a a', done: false }, true)).toMatchObject({ choices: [{ finish_reason: 'length' }] });
  });

  it.each([{ error: 'the runner has stopped' }, { done: true }, { choices: [] }])('is none: %j', (answer) => {
    expect(() => read(answer)).toThrow(UpstreamError);
  });
});
