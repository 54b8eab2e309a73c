import { addCounts, isCount } from '../../observability/usage.js';
import { serverSentEvents } from '../../upstreams/stream-framing.js';
import { contextMessage } from '../../engines/refusal-messages.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { readAnswer, type UpstreamCompletion } from '../canonical.js';
import type { Dialect, SentBody } from './dialect.js';

/**
 * It cuts a prefix of more tokens than three quarters of its batch (`-b`), and a suffix of more than a quarter, without a
 * word (b10434). A token is a byte at least, and a batch 512 tokens: what is shorter is read whole.
 */
const MAX_UNCOUNTED_BYTES = { prefix: 384, suffix: 120 };

/** llama.cpp's own answer: of a stream each piece, and at the end `stop` with the counts. */
interface InfillAnswer {
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

/**
 * llama.cpp's `/infill`, which knows the tokens by which the loaded model tells prefix, suffix and middle.
 * See https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-infill-for-code-infilling.
 */
export function infillDialect(path: string): Dialect {
  /** Tokens that the prompt has at least; 0 where nobody has counted. */
  let leastTokens = 0;
  return {
    path,
    isFromRoot: true,
    framing: serverSentEvents,

    write({ prompt, suffix, ...others }: SentBody): object {
      return { ...inOwnNames(others), input_prefix: prompt, input_suffix: suffix };
    },

    async prepare({ prompt, suffix }, count) {
      const [prefix, rest] = [String(prompt), String(suffix)];
      if (
        Buffer.byteLength(prefix) <= MAX_UNCOUNTED_BYTES.prefix &&
        Buffer.byteLength(rest) <= MAX_UNCOUNTED_BYTES.suffix
      )
        return;
      leastTokens = (await count(prefix)) + (await count(rest));
    },

    read(json: string): UpstreamCompletion | undefined {
      const answer = readAnswer(json) as Partial<InfillAnswer> | undefined;
      if (answer === undefined) return undefined;
      const { tokens_evaluated: evaluated } = answer;
      if (isCount(evaluated) && evaluated < leastTokens) throw cut(leastTokens);
      return toCompletion(answer);
    },
  };
}

/**
 * llama.cpp's `/completion`, which gives the ids of the generated tokens (b10434).
 * See https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-completion-given-a-prompt-it-returns-the-predicted-completion.
 */
export function tokenIdsDialect(path: string): Dialect {
  return {
    path,
    isFromRoot: true,
    framing: serverSentEvents,
    write: ({ return_token_ids: wanted, ...others }: SentBody) => ({ ...inOwnNames(others), return_tokens: wanted }),

    read(json: string): UpstreamCompletion | undefined {
      const answer = readAnswer(json) as Partial<InfillAnswer> | undefined;
      if (answer === undefined) return undefined;
      const completion = toCompletion(answer);
      for (const choice of completion.choices) Object.assign(choice, { token_ids: answer.tokens });
      return completion;
    },
  };
}

function inOwnNames({ max_tokens: maxTokens, logprobs, stop, ...others }: SentBody): SentBody {
  return {
    ...others,
    stream_options: undefined,
    n_predict: maxTokens,
    // A text would be taken for no stop at all.
    ...(stop === undefined ? {} : { stop: [stop].flat() }),
    ...(logprobs === undefined ? {} : { n_probs: logprobs }),
  };
}

function toCompletion(answer: Partial<InfillAnswer>): UpstreamCompletion {
  const { content, stop, completion_probabilities: probabilities } = answer;
  if (typeof content !== 'string') throw new UpstreamError('answered', 'a completion without content');
  const logprobs = Array.isArray(probabilities) ? { content: probabilities as unknown[] } : null;
  const choice = { index: 0, text: content, finish_reason: stop ? finishReasonOf(answer) : null, logprobs };
  return { choices: [choice], ...(stop ? usageOf(answer) : {}) };
}

/** RFC 9110, section 15.6.2: another upstream may do it. */
const NOT_IMPLEMENTED = 501;

function cut(tokens: number): UpstreamError {
  const message = `${contextMessage({ prompt: String(tokens) })} With a suffix, fewer tokens are read at once.`;
  const publicError = { status: 400, code: 'context_length_exceeded', message };
  return new UpstreamError('answered', 'the infill endpoint has cut the prompt', {
    status: NOT_IMPLEMENTED,
    publicError,
  });
}

function finishReasonOf({ stop_type: type, stopped_limit: isLimit }: Partial<InfillAnswer>): string {
  return type === 'limit' || isLimit === true ? 'length' : 'stop';
}

function usageOf({ tokens_evaluated: prompt, tokens_predicted: completion }: Partial<InfillAnswer>): object {
  if (!isCount(prompt) || !isCount(completion)) return {};
  const total = addCounts(prompt, completion);
  return { usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } };
}
