import { isCount } from '../../observability/usage.js';
import { serverSentEvents } from '../../upstreams/stream-framing.js';
import { contextMessage } from '../../engines/refusal-messages.js';
import { NOT_IMPLEMENTED, UpstreamError } from '../../upstreams/upstream-error.js';
import { readAnswer, type UpstreamCompletion } from '../answer/upstream-completion.js';
import type { Dialect, SentBody } from './dialect.js';
import { inOwnNames, type LlamaCppAnswer, toCompletion } from './llama-cpp-answer.js';

/**
 * It silently cuts a prefix of more tokens than three quarters of its batch (`-b`), and a suffix of more than a quarter
 * (b10434). A token is a byte at least, and a batch 512 tokens: what is shorter is read whole.
 */
const MAX_UNCOUNTED_BYTES = { prefix: 384, suffix: 120 };

/**
 * llama.cpp's `/infill`, which inserts the loaded model's tokens for prefix, suffix and middle.
 * See https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-infill-for-code-infilling.
 */
export function infillDialect(path: string): Dialect {
  /** Lower bound of the prompt's tokens; 0 when not counted. */
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
      const answer = readAnswer(json) as Partial<LlamaCppAnswer> | undefined;
      if (answer === undefined) return undefined;
      const { tokens_evaluated: evaluated } = answer;
      if (isCount(evaluated) && evaluated < leastTokens) throw cut(leastTokens);
      return toCompletion(answer);
    },
  };
}

function cut(tokens: number): UpstreamError {
  const message = `${contextMessage({ prompt: String(tokens) })} With a suffix, fewer tokens are read at once.`;
  const publicError = { status: 400, code: 'context_length_exceeded', message };
  return new UpstreamError('answered', 'the infill endpoint has cut the prompt', {
    status: NOT_IMPLEMENTED,
    publicError,
  });
}
