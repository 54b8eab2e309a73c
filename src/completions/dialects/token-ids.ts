import { serverSentEvents } from '../../upstreams/stream-framing.js';
import { readAnswer, type UpstreamCompletion } from '../answer/upstream-completion.js';
import type { Dialect, SentBody } from './dialect.js';
import { inOwnNames, type LlamaCppAnswer, toCompletion } from './llama-cpp-answer.js';

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
      const answer = readAnswer(json) as Partial<LlamaCppAnswer> | undefined;
      if (answer === undefined) return undefined;
      const completion = toCompletion(answer);
      for (const choice of completion.choices) Object.assign(choice, { token_ids: answer.tokens });
      return completion;
    },
  };
}
