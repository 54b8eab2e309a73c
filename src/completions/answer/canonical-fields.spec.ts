import { describe, expect, it } from '@jest/globals';
import { parseExactly } from '../../common/exact-json.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { makeLogprobsCanonical, makeUsageCanonical } from './canonical-fields.js';
import type { UpstreamChoice, UpstreamCompletion } from './upstream-completion.js';

describe('an integer beyond a double where an engine has an object', () => {
  it('is no log probabilities', () => {
    const choice = parseExactly('{"index":0,"text":"a","logprobs":12345678901234567890}') as UpstreamChoice;
    expect(() => makeLogprobsCanonical(choice)).toThrow(UpstreamError);
  });

  it('is no details of a usage', () => {
    const usage =
      '{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"prompt_tokens_details":12345678901234567890}';
    const completion = parseExactly(`{"choices":[],"usage":${usage}}`) as UpstreamCompletion;
    expect(makeUsageCanonical(completion)).toBe(false);
    expect(completion.usage).toEqual({ prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 });
  });
});
