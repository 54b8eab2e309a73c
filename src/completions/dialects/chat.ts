import { serverSentEvents } from '../../upstreams/stream-framing.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { choiceHasExtraFields, hasExtraFields } from '../answer/answer-fields.js';
import {
  readAnswer,
  type UpstreamChoice,
  type UpstreamCompletion,
  type UpstreamLogprobs,
} from '../answer/upstream-completion.js';
import type { Dialect, SentBody } from './dialect.js';

interface ChatChoice {
  index: number;
  message?: { content?: string | null };
  delta?: { content?: string | null };
  finish_reason?: unknown;
  logprobs?: UpstreamLogprobs | null;
}

interface ChatCompletion extends Omit<UpstreamCompletion, 'choices'> {
  choices?: ChatChoice[];
}

/**
 * Chat completions, for servers that have nothing else: the prompt is one message of the user, and the answer's text is
 * the completion. See https://platform.openai.com/docs/api-reference/chat.
 */
export const chatDialect: Dialect = {
  path: '/chat/completions',
  framing: serverSentEvents,

  write({ prompt, logprobs, ...others }: SentBody): object {
    const messages = prompt === undefined ? undefined : [{ role: 'user', content: prompt }];
    const scores = logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs };
    return { ...others, messages, ...scores };
  },

  read(json: string): UpstreamCompletion | undefined {
    const answer = readAnswer(json) as ChatCompletion | undefined;
    if (answer === undefined) return undefined;
    if (!Array.isArray(answer.choices) || !answer.choices.every(isChatChoice)) {
      throw new UpstreamError('answered', 'a chat completion without choices, or with a choice that says nothing');
    }
    const choices = answer.choices.map(toChoice);
    // The first chunk has the role, and no text. A token that is a part of a character has none either.
    const telling = choices.filter((choice) => {
      const { text, finish_reason, logprobs } = choice;
      return text !== '' || Boolean(finish_reason) || Boolean(logprobs) || choiceHasExtraFields(choice);
    });
    if (telling.length === 0 && choices.length > 0 && !answer.usage) {
      return hasExtraFields(answer) ? { ...answer, object: 'text_completion', choices } : undefined;
    }
    return { ...answer, object: 'text_completion', choices: telling };
  },
};

function isChatChoice(choice: unknown): boolean {
  if (typeof choice !== 'object' || choice === null) return false;
  const { index, message, delta } = choice as Record<string, unknown>;
  const part = message ?? delta;
  if (!Number.isSafeInteger(index) || typeof part !== 'object' || part === null) return false;
  const { content } = part as { content?: unknown };
  return typeof content === 'string' || content === null || content === undefined;
}

/** Of a message or a delta, only the text has a place in a completion. */
function toChoice({ message, delta, ...others }: ChatChoice): UpstreamChoice {
  return { ...others, text: (message ?? delta)?.content ?? '' };
}
