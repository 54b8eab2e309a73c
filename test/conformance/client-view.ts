import { expect } from '@jest/globals';
import type { Body } from '../support/engines/asked.js';
import type { Usage } from '../support/engines/dialect.js';
import type { LegacyLogprobs } from '../support/engines/logprobs.js';

export interface ViewChoice {
  index: number;
  text: string;
  finish_reason: string | null;
  logprobs: LegacyLogprobs | null;
}

/** What a client has at the end, streamed or not. */
export interface View {
  choices: ViewChoice[];
  usage: Usage | undefined;
}

/** The same with the id of the answer. */
export interface Answered extends View {
  id: string;
}

interface Wire {
  id: string;
  choices: ViewChoice[];
  usage?: Usage | null;
}

const A_HEAD = {
  id: expect.stringMatching(/^cmpl-.+/),
  object: 'text_completion',
  created: expect.any(Number),
};

/** Reads a whole answer as the contract has it; every deviation fails. */
export async function readAnswer(response: Response, asked: Body): Promise<Answered> {
  const text = await response.text();
  expect({ status: response.status, error: response.ok ? '' : text }).toEqual({ status: 200, error: '' });
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const answer = JSON.parse(text) as Wire;
  expect(answer).toMatchObject({ ...A_HEAD, model: asked.model });
  expectFingerprint(answer);
  expect(answer.choices.map(({ index }) => index)).toEqual(answer.choices.map((_, position) => position));
  for (const choice of answer.choices) {
    expectChoice(choice, asked);
    expect(choice.finish_reason).toMatch(/^(stop|length|content_filter)$/);
  }
  return { id: answer.id, choices: answer.choices, usage: answer.usage ?? undefined };
}

/** Reads a stream as the contract has it: framing, heads, one end for each choice, and usage where it belongs. */
export async function readStream(response: Response, asked: Body): Promise<Answered> {
  const raw = await response.text();
  expect({ status: response.status, error: response.ok ? '' : raw }).toEqual({ status: 200, error: '' });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(raw).toMatch(/^(data: \{.*\}\n\n)+data: \[DONE\]\n\n$/);
  const chunks = [...raw.matchAll(/^data: (\{.*\})$/gm)].map(([, data = '']) => JSON.parse(data) as Wire);
  expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
  for (const chunk of chunks) {
    expect(chunk).toMatchObject({ ...A_HEAD, model: asked.model });
    expectFingerprint(chunk);
  }
  const usage = takeUsage(chunks, asked);
  expect(chunks.every(({ choices }) => choices.length > 0)).toBe(true);
  const pieces = chunks.flatMap(({ choices }) => choices);
  for (const piece of pieces) expectChoice(piece, asked);
  const count = Math.max(...pieces.map(({ index }) => index)) + 1;
  const choices = Array.from({ length: count }, (_, index) =>
    together(pieces.filter((piece) => piece.index === index)),
  );
  return { id: chunks[0]?.id ?? '', choices, usage };
}

/** The last chunk has the usage and no choices, if it was asked for; no other has any. */
function takeUsage(chunks: Wire[], asked: Body): Usage | undefined {
  const options = (asked.stream_options ?? {}) as { include_usage?: boolean };
  if (options.include_usage !== true) {
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
    return undefined;
  }
  const last = chunks.pop();
  expect(last).toMatchObject({ choices: [], usage: expect.any(Object) });
  expect(chunks.some(({ usage }) => usage)).toBe(false);
  return last?.usage ?? undefined;
}

/** One choice from its pieces, of which only the last has a finish reason. */
function together(pieces: readonly ViewChoice[]): ViewChoice {
  const reasons = pieces.map(({ finish_reason: reason }) => reason);
  expect(reasons.slice(0, -1).every((reason) => reason === null)).toBe(true);
  expect(reasons.at(-1)).toMatch(/^(stop|length|content_filter)$/);
  const lists = pieces.flatMap(({ logprobs }) => logprobs ?? []);
  const logprobs: LegacyLogprobs = {
    tokens: lists.flatMap(({ tokens }) => tokens),
    token_logprobs: lists.flatMap((list) => list.token_logprobs),
    top_logprobs: lists.flatMap((list) => list.top_logprobs),
    text_offset: lists.flatMap((list) => list.text_offset),
  };
  return {
    index: pieces[0]?.index ?? NaN,
    text: pieces.map(({ text }) => text).join(''),
    finish_reason: reasons.at(-1) ?? null,
    logprobs: lists.length > 0 ? logprobs : null,
  };
}

function expectFingerprint(object: object): void {
  const { system_fingerprint: fingerprint = null } = object as { system_fingerprint?: unknown };
  expect(fingerprint === null || typeof fingerprint === 'string').toBe(true);
}

function expectChoice(choice: ViewChoice, asked: Body): void {
  expect(typeof choice.text).toBe('string');
  expect(Number.isSafeInteger(choice.index)).toBe(true);
  if (typeof asked.logprobs !== 'number') {
    expect(choice.logprobs).toBeNull();
  } else if (choice.logprobs) {
    expectLists(choice.logprobs, asked.logprobs);
  }
}

/** Four lists of one length, with the chosen token in each map, and not more than was asked for besides. */
function expectLists(logprobs: LegacyLogprobs, count: number): void {
  const { tokens, token_logprobs, top_logprobs, text_offset } = logprobs;
  expect([token_logprobs.length, top_logprobs.length, text_offset.length]).toEqual(new Array(3).fill(tokens.length));
  expect(text_offset.every((offset, at) => offset >= (text_offset[at - 1] ?? 0))).toBe(true);
  for (const [at, token] of tokens.entries()) {
    const top = top_logprobs[at];
    if (!top) {
      // Only the first token of all.
      expect([text_offset[at], token_logprobs[at]]).toEqual([0, null]);
      continue;
    }
    expect(token_logprobs[at]).toBeLessThanOrEqual(0);
    expect(top[token]).toBe(token_logprobs[at]);
    expect(Object.keys(top).length).toBeLessThanOrEqual(count + 1);
  }
}
