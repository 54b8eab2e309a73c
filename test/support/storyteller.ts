import type { ServerResponse } from 'node:http';
import { beginStream, type Behaviour, events } from './fake-upstream.js';

/** The prompt that the story follows. */
export const PROMPT = 'Tell:';
export const PROMPT_TOKENS = 5;
export const STORY = ['Once', ' upon', ' a', ' time', ' a', ' 🦊', ' ate', ' soup', '.'] as const;

/** The first `count` tokens of the story. */
export const storyUpTo = (count: number): string => STORY.slice(0, count).join('');

interface Options {
  /** What marks its chunks. */
  id: string;
  /** Where `text_offset` counts from: the prompt, as OpenAI does, or the completion. */
  offsetsFrom?: 'prompt' | 'completion';
}

interface Body {
  prompt: string | string[];
  max_tokens?: number;
  n?: number;
  echo?: boolean;
  logprobs?: number;
  stream_options?: { include_usage?: boolean };
}

/** How a stream is broken off. */
export type Break = (response: ServerResponse, nextEvent: string) => void;

/** A whole stream of an engine that knows one story and goes on with it from wherever the prompt ends. */
export function storyEvents({ id, offsetsFrom = 'prompt' }: Options, request: object): string[] {
  const body = request as Body;
  const head = {
    id: `cmpl-${id}`,
    object: 'text_completion',
    created: id.length,
    model: 'test-model',
    system_fingerprint: `fp_${id}`,
  };
  const data: object[] = [];
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  const prompts = [body.prompt].flat();
  for (const [promptIndex, prompt] of prompts.entries()) {
    const begin = tokensIn(prompt.slice(PROMPT.length));
    usage.prompt_tokens += PROMPT_TOKENS + begin;
    for (let choice = 0; choice < (body.n ?? 1); choice++) {
      const index = promptIndex * (body.n ?? 1) + choice;
      let offset = offsetsFrom === 'prompt' ? [...prompt].length : 0;
      const add = (text: string, finishReason: string | null, tokens: string[]): void => {
        const logprobs = body.logprobs === undefined || finishReason ? null : logprobsOf(tokens, offset);
        offset += [...text].length;
        data.push({ ...head, choices: [{ index, text, finish_reason: finishReason, logprobs }] });
      };
      if (body.echo) {
        offset = 0;
        for (const piece of prompt.match(/.{1,2}/gu) ?? []) add(piece, null, [piece]);
      }
      const told = STORY.slice(begin, begin + (body.max_tokens ?? 16));
      for (const token of told) add(token, null, [token]);
      add('', begin + told.length === STORY.length && told.length < (body.max_tokens ?? 16) ? 'stop' : 'length', []);
      usage.completion_tokens += told.length;
    }
  }
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  if (body.stream_options?.include_usage) data.push({ ...head, choices: [], usage });
  return [...data, '[DONE]'].map((each) => events(each));
}

/** How many of the story's tokens a text has. */
function tokensIn(text: string): number {
  for (let count = 0; count <= STORY.length; count++) if (storyUpTo(count) === text) return count;
  throw new Error(`this is not how the story begins: ${text}`);
}

function logprobsOf(tokens: string[], offset: number): object {
  return {
    tokens,
    token_logprobs: tokens.map((token) => -token.length / 8),
    top_logprobs: tokens.map((token) => ({ [token]: -token.length / 8 })),
    text_offset: tokens.map(() => offset),
  };
}

/** Tells the whole story, or breaks it off after some events. */
export function tell(options: Options, breaks?: { afterEvents: number; how: Break }): Behaviour {
  return async (response, request) => {
    const all = storyEvents(options, request.body);
    beginStream(response);
    const sent = all.slice(0, breaks?.afterEvents).join('');
    if (!breaks) return void response.end(sent);
    response.flushHeaders();
    // The connection is cut when what was written has left.
    if (sent !== '') await new Promise((resolve) => response.write(sent, resolve));
    breaks.how(response, all[breaks.afterEvents] ?? '');
  };
}

/** Breaks its first answer after so many events, its second after as many as the next number says, and so on. */
export function tellInTurn(options: Options, counts: readonly number[]): Behaviour {
  let index = 0;
  return (response, request) => {
    const afterEvents = counts[index++] ?? Infinity;
    const breaks = afterEvents === Infinity ? undefined : { afterEvents, how: BREAKS['a reset'] };
    return tell(options, breaks)(response, request);
  };
}

export const BREAKS = {
  'a reset': (response) => void response.socket?.destroy(),
  'a reset within an event': (response, nextEvent) => {
    const half = Buffer.from(nextEvent).subarray(0, nextEvent.length >> 1);
    response.write(half, () => response.socket?.destroy());
  },
  'an end without finish and [DONE]': (response) => void response.end(),
  'an end within an event': (response, nextEvent) => void response.end(nextEvent.slice(0, nextEvent.length >> 1)),
  'an error event': (response) =>
    void response.end(events({ error: { message: 'out of memory', code: 500 } }, '[DONE]')),
  'what is no JSON': (response) => void response.end(events('{"choices":')),
} satisfies Record<string, Break>;

/** Writes nothing more, and keeps the connection open. */
export const fallSilent: Break = () => undefined;
