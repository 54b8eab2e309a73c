import { isCount, usageOf } from '../../observability/usage.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import type { UpstreamCompletion } from '../answer/upstream-completion.js';
import type { SentBody } from './dialect.js';

/** llama.cpp's own answer, or a piece of its stream; the last piece has `stop` and the counts. */
export interface LlamaCppAnswer {
  content: unknown;
  tokens: unknown;
  stop: boolean;
  stop_type: string;
  /** What `stop_type` was before there was one. */
  stopped_limit: boolean;
  tokens_evaluated: unknown;
  tokens_predicted: unknown;
  completion_probabilities: unknown;
}

/** The fields that it has other names for. */
export function inOwnNames({ max_tokens: maxTokens, logprobs, stop, ...others }: SentBody): SentBody {
  return {
    ...others,
    stream_options: undefined,
    n_predict: maxTokens,
    // A string is ignored.
    ...(stop === undefined ? {} : { stop: [stop].flat() }),
    ...(logprobs === undefined ? {} : { n_probs: logprobs }),
  };
}

export function toCompletion(answer: Partial<LlamaCppAnswer>): UpstreamCompletion {
  const { content, stop, completion_probabilities: probabilities } = answer;
  if (typeof content !== 'string') throw new UpstreamError('answered', 'a completion without content');
  const logprobs = Array.isArray(probabilities) ? { content: probabilities as unknown[] } : null;
  const choice = { index: 0, text: content, finish_reason: stop ? finishReasonOf(answer) : null, logprobs };
  return { choices: [choice], ...(stop ? countsIn(answer) : {}) };
}

function finishReasonOf({ stop_type: type, stopped_limit: isLimit }: Partial<LlamaCppAnswer>): string {
  return type === 'limit' || isLimit === true ? 'length' : 'stop';
}

function countsIn({ tokens_evaluated: prompt, tokens_predicted: completion }: Partial<LlamaCppAnswer>): object {
  if (!isCount(prompt) || !isCount(completion)) return {};
  return { usage: usageOf(prompt, completion) };
}
