import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { UpstreamConfig } from '../config/config.js';
import { systemClock } from '../common/clock.js';
import { HttpUpstream } from '../upstreams/http-upstream.js';
import type { UpstreamChoice } from './answer/upstream-completion.js';
import { CompletionStream } from './stream/completion-stream.js';
import type { CreateCompletionDto } from '../contract/create-completion.dto.js';
import { RequireEcho } from './features/echo.js';
import { WithoutTokens } from './features/max-tokens.js';
import { PartReader } from './stream/part-reader.js';
import { type Part, planRequest } from './plan/plan.js';
import { choiceCountOf } from '../contract/prompts.js';
import { StreamProgress } from './stream/stream-progress.js';

const CHOICES = 1_000;
const LONG = 'word '.repeat(10_000);
const EXPECTED = {
  requestedModel: 'm',
  includeUsage: false,
  continuousUsage: false,
  countsUsage: false,
  endsEarly: true,
};

function partsFor(fields: Partial<CreateCompletionDto>, options: Partial<UpstreamConfig>): readonly Part[] {
  const config = Object.assign(new UpstreamConfig(), { name: 'a', baseUrl: 'http://127.0.0.1:1/v1' }, options);
  const upstream = new HttpUpstream(config, systemClock);
  return planRequest({ model: 'm', prompt: 'Hi', ...fields }, { upstream, upstreamModel: 'm' }).parts;
}

function streamOf(fields: Partial<CreateCompletionDto>, options: Partial<UpstreamConfig>) {
  const readers = partsFor(fields, options).map((part) => new PartReader(part, { id: 'cmpl-x', created: 0 }));
  const progress = new StreamProgress(choiceCountOf({ model: 'm', prompt: 'Hi', ...fields }), () => '', undefined);
  return { readers, progress, stream: new CompletionStream(EXPECTED, progress, readers) };
}

const lists = { tokens: ['w'], token_logprobs: [-1], top_logprobs: [null], text_offset: [0] };

/** Steps, counted: what is done for a piece must not grow with the choices, the parts, or the text so far. */
describe('the steps for a piece of an answer do not grow with', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('the choices of a part', () => {
    const { readers, stream, progress } = streamOf(
      { prompt: Array<string>(CHOICES).fill('a'), stop: 'x' },
      { capabilities: { stop: 'emulate' } },
    );
    const [reader] = readers as [PartReader];
    const looked = jest.spyOn(Map.prototype, 'get');
    for (let index = 0; index < CHOICES; index++) {
      expect([stream.isOver(reader), progress.isWhole]).toEqual([false, false]);
      const choice = { index, text: 'b', finish_reason: 'stop', logprobs: null };
      stream.accept(reader, JSON.stringify({ id: 'cmpl-1', object: 'text_completion', created: 1, choices: [choice] }));
    }
    expect([stream.isOver(reader), progress.isWhole, progress.tokenCount]).toEqual([true, true, CHOICES]);
    expect(looked.mock.calls.length).toBeLessThanOrEqual(10 * CHOICES);
  });

  it('the parts', () => {
    const { readers, stream } = streamOf({ prompt: Array<string>(CHOICES).fill('a') }, { engine: 'tgi' });
    expect(readers).toHaveLength(CHOICES);
    let reads = 0;
    for (const reader of readers) {
      let hasEnded = false;
      Object.defineProperty(reader, 'hasEnded', {
        get: () => {
          reads++;
          return hasEnded;
        },
        set: (value: boolean) => (hasEnded = value),
      });
    }
    const choice = { index: 0, text: 'b', finish_reason: 'stop', logprobs: null };
    const sent = readers.map((reader) => {
      stream.accept(reader, JSON.stringify({ choices: [choice] }));
      return stream.accept(reader, '[DONE]');
    });
    expect(sent.map((events) => events !== '')).toEqual([...Array<boolean>(CHOICES - 1).fill(false), true]);
    expect(reads).toBeLessThanOrEqual(10 * CHOICES);
  });

  it('the choices of a prompt, whose length is counted once', () => {
    const parts = partsFor({ prompt: LONG, n: 100, logprobs: 1 }, { engine: 'llama.cpp' });
    const looked = jest.spyOn(String.prototype, 'charCodeAt');
    for (const part of parts) {
      const [emulation] = part.fitters();
      for (const text of ['', '', 'w']) {
        const choice: UpstreamChoice = { index: part.firstChoice, text, logprobs: text === '' ? null : { ...lists } };
        emulation?.fit(choice);
        if (text !== '') expect(choice.logprobs?.text_offset).toEqual([LONG.length]);
      }
    }
    expect(looked.mock.calls.length).toBeLessThanOrEqual(2 * LONG.length);
  });

  it('the length of a prompt whose tokens are taken off', () => {
    const emulation = new WithoutTokens(() => LONG);
    const looked = jest.spyOn(String.prototype, 'charCodeAt');
    for (let at = 0; at < 100; at++) emulation.fit({ index: 0, text: 'word ', logprobs: { ...lists } });
    expect(looked.mock.calls.length).toBeLessThanOrEqual(2 * LONG.length);
  });

  it('the text so far of an echo, however often its end is said', () => {
    const emulation = new RequireEcho(() => ` ${LONG}`);
    const compared = jest.spyOn(String.prototype, 'startsWith');
    emulation.fit({ index: 0, text: ' ' });
    for (let at = 0; at < LONG.length; at += 5) emulation.fit({ index: 0, text: LONG.slice(at, at + 5) });
    for (let at = 0; at < 1_000; at++) emulation.fit({ index: 0, text: 'b', finish_reason: 'stop' });
    const characters = compared.mock.calls.reduce((sum, [piece]) => sum + piece.length, 0);
    expect(characters).toBeLessThanOrEqual(2 * LONG.length);
  });
});
