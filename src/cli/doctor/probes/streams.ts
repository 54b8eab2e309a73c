import { isUsage } from '../../../observability/usage.js';
import { choicesOf, type EngineStream, isFields, isGood, textOf } from '../engine-answer.js';
import { type Body, type Examination, reasonOf } from '../examination.js';
import type { Probe } from '../probe.js';
import { Decided, deviates, honoured, ignored, refused, unclear } from '../verdict.js';

const MAX_TOKENS = 6;
const withUsage = (engine: Examination): Body => ({
  ...engine.greedyBody(MAX_TOKENS),
  stream_options: { include_usage: true },
});

export const streamProbes: readonly Probe[] = [
  {
    item: 'stream',
    otherwise: 'cannot stream from it',
    async judge(engine) {
      const stream = await plainStream(engine);
      if (!stream.isStream) return deviates(`its content type is ${stream.contentType || 'missing'}`);
      if (stream.chunks.length < 2) return deviates('the text comes in one piece');
      return textOf(stream) === (await engine.greedy(MAX_TOKENS))
        ? honoured()
        : deviates('the text is not the one that comes without stream');
    },
  },
  {
    item: 'end of a stream',
    otherwise: 'takes a stream in which every choice has finished for whole, and writes `[DONE]` itself',
    judge: async (engine) => ((await plainStream(engine)).hasDone ? honoured() : deviates('no [DONE]')),
  },
  {
    item: 'finish_reason in streams',
    otherwise: 'writes null until the last chunk of a choice, and `length` or `stop` there',
    async judge(engine) {
      const stream = await plainStream(engine);
      const reasons = stream.chunks
        .flatMap((chunk) => (chunk ? choicesOf(chunk) : []))
        .map((each) => each.finishReason);
      const early = reasons.slice(0, -1).filter((reason) => reason !== null);
      if (early.length > 0) return deviates(`${JSON.stringify(early[0] ?? 'none')} before the end`);
      return ['length', 'stop'].includes(String(reasons.at(-1)))
        ? honoured()
        : deviates(`${JSON.stringify(reasons.at(-1) ?? null)} at the end`);
    },
  },
  {
    item: 'text in every chunk',
    apis: ['completions'],
    otherwise: 'writes an empty text',
    async judge(engine) {
      const { chunks } = await plainStream(engine);
      const choices = chunks.flatMap((chunk) => (Array.isArray(chunk?.choices) ? (chunk.choices as unknown[]) : []));
      return choices.every((choice) => isFields(choice) && typeof choice.text === 'string')
        ? honoured()
        : deviates('a choice without it');
    },
  },
  {
    item: 'tokens per chunk',
    otherwise: 'passes them on as they come: a resumed stream is counted by its usage',
    async judge(engine) {
      const stream = await engine.goodStream({ ...engine.greedyBody(16), stream_options: { include_usage: true } });
      const tokens = stream.usage?.completion_tokens;
      if (tokens === undefined || tokens < 4) return unclear('no usage to count by');
      const choices = stream.chunks.flatMap((chunk) => (chunk ? choicesOf(chunk) : []));
      const texts = choices.filter(({ text }) => text !== '').length;
      // The last token may be none that is seen, and one may be a part of a character.
      return texts >= tokens - 2 ? honoured('one') : deviates(`${tokens} tokens come in ${texts} chunks`);
    },
  },
  {
    item: 'usage when not asked for',
    otherwise: 'takes it off',
    async judge(engine) {
      const counted = (await plainStream(engine)).chunks.filter((chunk) => chunk?.usage);
      return counted.length === 0 ? honoured('none comes') : deviates(`it is on ${counted.length} of the chunks`);
    },
  },
  {
    feature: 'stream_usage',
    async judge(engine) {
      const { usage } = await engine.goodStream(withUsage(engine));
      if (!usage) return ignored('none comes');
      const whole = (await engine.remembered(engine.greedyBody(MAX_TOKENS))).usage;
      const isRight = !whole || whole.completion_tokens === 0 || usage.completion_tokens === whole.completion_tokens;
      return isRight ? honoured() : deviates(`it counts ${usage.completion_tokens} tokens`);
    },
  },
  {
    item: 'place of stream usage',
    otherwise: 'puts it on a chunk of its own',
    async judge(engine) {
      const { chunks } = await engine.goodStream(withUsage(engine));
      const counted = chunks.filter((chunk) => isUsage(chunk?.usage));
      if (counted.length === 0) return unclear('none comes');
      if (counted.length > 1) return deviates(`it is on ${counted.length} of the chunks`);
      const [chunk] = counted;
      return Array.isArray(chunk?.choices) && chunk.choices.length === 0
        ? honoured()
        : deviates('it is on a chunk that has a choice');
    },
  },
  {
    item: 'begin of a list’s stream',
    apis: ['completions'],
    otherwise: 'leaves out events that are null',
    async judge(engine) {
      const stream = await engine.client.stream(engine.greedyBody(2, ['Once', 'Twice']));
      if (!isGood(stream)) return unclear('no list can be streamed');
      return stream.chunks.includes(null) ? deviates('an event is null') : honoured();
    },
  },
  {
    item: 'stream_options without stream',
    otherwise: 'leaves them out',
    async judge(engine) {
      await engine.good({ ...engine.greedyBody(), stream_options: { include_usage: true } });
      return honoured();
    },
  },
  {
    item: 'token count endpoint',
    apis: ['completions'],
    otherwise: 'cannot emulate `stream_usage`',
    async judge(engine) {
      const { status, json, text } = await engine.client.post('/extras/tokenize/count', { input: 'Once upon a time' });
      if (status === 200 && isFields(json) && Number.isSafeInteger(json.count)) return honoured();
      return status === 200 || status === 0 ? unclear(text) : refused(status);
    },
  },
];

async function plainStream(engine: Examination): Promise<EngineStream> {
  const stream = await engine.streamOf(engine.greedyBody(MAX_TOKENS));
  if (isGood(stream)) return stream;
  const { status } = stream;
  throw new Decided(
    status >= 400 && status < 502 ? refused(status, stream.message) : unclear(`no stream comes: ${reasonOf(stream)}`),
  );
}
