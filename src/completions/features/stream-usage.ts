import type { Cancellation } from '../../common/cancellation.js';
import { addCounts, isCount, type Usage, usageOf } from '../../observability/usage.js';
import { readStart } from '../../upstreams/read-all.js';
import type { Upstream, UpstreamRequest } from '../../upstreams/upstream.js';
import { UpstreamError } from '../../upstreams/upstream-error.js';
import { readAnswer } from '../answer/upstream-completion.js';
import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { echoedPromptOf, promptOf } from '../../contract/prompts.js';
import type { Feature } from './feature.js';
import { isText } from './prompts.js';

export const streamUsage: Feature = {
  name: 'stream_usage',
  param: 'stream_options',
  asks: '`stream_options.include_usage`: the usage at the end of a stream',
  isAsked: ({ stream, stream_options: options }) => stream === true && options?.include_usage === true,
  emulation: {
    how: "counted by the engine's own tokenizer when the stream is over",
    cost: 'one small request for each prompt and each choice',
    requires: 'the prompt as text, and an engine that counts the tokens of a text',
    needsPath: 'tokenCountPath',
    lacks: (body) => (isText(body) ? undefined : streamUsage),
  },
};

/** A choice as the client has it, without an echoed prompt. */
export interface CountedChoice {
  promptIndex: number;
  prompt: string;
  /** The suffix of an infilled prompt; the few separator tokens are not counted. */
  suffix: string;
  text: string;
}

/** The choices as the client has them; undefined when a delivered text was too long to be kept. */
export function countedChoices(
  asked: CreateCompletionDto,
  choiceCount: number,
  textAt: (index: number) => string | undefined,
): CountedChoice[] | undefined {
  const choices: CountedChoice[] = [];
  for (let index = 0; index < choiceCount; index++) {
    const text = textAt(index);
    if (text === undefined) return undefined;
    choices.push({
      promptIndex: Math.floor(index / (asked.n ?? 1)),
      prompt: String(promptOf(asked, index)),
      suffix: asked.suffix ?? '',
      text: text.slice(echoedPromptOf(asked, index).length),
    });
  }
  return choices;
}

/**
 * The usage of a stream, counted by the engine's tokenizer: a completion has the tokens of prompt and completion together,
 * less the prompt's. The difference may be negative, since two tokens may merge where the texts meet.
 *
 * @throws {UpstreamError} when the engine does not count.
 */
export async function countUsage(
  choices: readonly CountedChoice[],
  count: (text: string) => Promise<number>,
): Promise<Usage> {
  const promptCounts = new Map<number, number>();
  let completion = 0;
  let suffixes = 0;
  for (const { promptIndex, prompt, suffix, text } of choices) {
    const known = promptCounts.get(promptIndex);
    const promptCount = known ?? (await count(prompt));
    promptCounts.set(promptIndex, promptCount);
    if (known === undefined && suffix !== '') suffixes = addCounts(suffixes, await count(suffix));
    if (text === '') continue;
    completion = addCounts(completion, Math.max(0, (await count(prompt + text)) - promptCount));
  }
  const promptTokens = promptCounts.values().reduce(addCounts, suffixes);
  return usageOf(promptTokens, completion);
}

/** A request without its path and body. */
export type NewRequest = Omit<UpstreamRequest, 'path' | 'body'>;

/** A count is a few digits, and a list has a number for each token. */
const MAX_COUNT_BYTES = 65_536;
const MAX_BYTES_PER_TOKEN = 12;

/** Asks the engine's tokenizer: llama-cpp-python's counts, llama.cpp's lists the ids. */
export function tokenCounter(
  upstream: Upstream,
  newRequest: () => NewRequest,
  model: string,
  cancellation: Cancellation,
): (text: string) => Promise<number> {
  const { tokenCountPath, tokenizePath } = upstream.profile;
  const path = tokenCountPath ?? tokenizePath ?? '';
  return async (input) => {
    const asked = tokenCountPath === undefined ? { content: input, parse_special: false } : { input };
    const body = JSON.stringify({ model, ...asked });
    const answer = await upstream.send({ ...newRequest(), path, isFromRoot: true, body }, cancellation);
    const text = await readStart(answer.body, MAX_COUNT_BYTES + MAX_BYTES_PER_TOKEN * input.length);
    const told = answer.status === 200 ? (readAnswer(text) ?? {}) : {};
    const { count, tokens } = told as { count?: unknown; tokens?: unknown };
    const tokenCount = Array.isArray(tokens) ? tokens.length : count;
    if (!isCount(tokenCount)) throw new UpstreamError('answered', 'the upstream does not count tokens');
    return tokenCount;
  };
}
