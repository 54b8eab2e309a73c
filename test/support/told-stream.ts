import type { Choice, Completion } from './engine-process.js';

/** The content of a whole stream. */
export interface Told {
  ids: string[];
  text: string;
  /** The text, chunk by chunk. */
  pieces: string[];
  finishReasons: string[];
  tokens: string[];
  offsets: number[];
  logprobs: (number | null)[];
  top: string[][];
  usages: unknown[];
  events: number;
  isDone: boolean;
}

/** Reads a whole stream of the gateway. */
export function putTogether(stream: string): Told {
  const events = stream.split('\n\n').filter((event) => event.startsWith('data: '));
  const isDone = events.at(-1) === 'data: [DONE]';
  const chunks = events
    .filter((event) => event !== 'data: [DONE]')
    .map((event) => JSON.parse(event.slice(6)) as Completion);
  const choices: Choice[] = chunks.flatMap((chunk) => chunk.choices);
  const lists = choices.flatMap(({ logprobs }) => logprobs ?? []);
  return {
    ids: [...new Set(chunks.map(({ id, created, system_fingerprint }) => `${id} ${created} ${system_fingerprint}`))],
    text: choices.map(({ text }) => text).join(''),
    pieces: choices.map(({ text }) => text),
    finishReasons: choices.flatMap(({ finish_reason }) => finish_reason ?? []),
    tokens: lists.flatMap(({ tokens }) => tokens),
    offsets: lists.flatMap(({ text_offset }) => text_offset),
    logprobs: lists.flatMap(({ token_logprobs }) => token_logprobs),
    top: lists.flatMap(({ top_logprobs }) => top_logprobs.map((top) => Object.keys(top ?? {}))),
    usages: chunks.flatMap(({ usage }) => usage ?? []),
    events: events.length,
    isDone,
  };
}

/** The ids of the generated tokens, in their order. */
export function tokenIdsIn(stream: string): string[] {
  return [...stream.matchAll(/"token_ids":\[([^\]]*)\]/g)].flatMap(([, ids]) => ids?.split(',').filter(Boolean) ?? []);
}
