import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { EngineProcess } from '../support/engine-process.js';
import { Gateway } from '../support/gateway.js';
import { putTogether, tokenIdsIn, type Told } from '../support/told-stream.js';

const STORY = {
  model: 'storyteller',
  prompt: 'Once upon a time',
  temperature: 0,
  max_tokens: 40,
  stream: true,
  stream_options: { include_usage: true },
};

const SUFFIX = ' The end.';

/** What goes on by the ids of tokens, or would go on from within one. */
const BY_IDS: [name: string, parameters: object, bytesInEvent: number[]][] = [
  ['with token ids for a prompt', { max_tokens: 20, prompt: [752, 867, 262, 427] }, [60]],
  [
    'with token ids, an echo and log probabilities',
    { prompt: [752, 867], echo: true, logprobs: 1, max_tokens: 12 },
    [60],
  ],
  ['with an empty prompt', { prompt: '', logprobs: 1, max_tokens: 20 }, [60]],
  [
    'with stop texts that nearly come, and log probabilities',
    { stop: ['e zzz', 'y zzz', ' litt', 'o z'], logprobs: 1 },
    [60],
  ],
  ['with a stop text that begins within a token', { stop: ['xyz', 'oved to'], echo: true, logprobs: 0 }, [60]],
  ['with stop texts for token ids', { prompt: [752, 867, 262, 427], stop: ['e zzz', 'n the'], logprobs: 0 }, [60]],
  [
    'with characters of several bytes, generated',
    { max_tokens: 24, logit_bias: { 244: 30, 163: 29, 170: 28, 142: 27 }, frequency_penalty: 0, logprobs: 1 },
    [60],
  ],
  ['with characters of several bytes beside stop texts', { prompt: 'Señor 🦊', echo: true, stop: ['e zzz'] }, [60]],
  [
    'past the end of a text',
    { prompt: 'The end', ignore_eos: true, logit_bias: { 0: 8 }, logprobs: 0, max_tokens: 24 },
    [60],
  ],
  ['with special tokens', { ignore_eos: true, skip_special_tokens: false, logit_bias: { 0: 8 }, max_tokens: 24 }, [60]],
  ['with stop tokens and min_tokens', { stop_token_ids: [262], min_tokens: 15 }, [60]],
  ['with a penalty for repetitions', { repetition_penalty: 1.3, max_tokens: 24 }, [60]],
  ['with its own ids', { return_token_ids: true, stop: ['e zzz'], logprobs: 0 }, [60]],
];

describe.each(['on', 'exact'])(
  'with `resume: %s`, a stream that is cut between two real engines, at temperature 0',
  (resume) => {
    let engines: EngineProcess[];
    let proxy: CuttingProxy;
    let gateway: Gateway;

    beforeAll(async () => {
      engines = await Promise.all([EngineProcess.start(), EngineProcess.start()]);
      const [first, second] = engines as [EngineProcess, EngineProcess];
      proxy = await CuttingProxy.inFrontOf(first);
      const health = { ejectAfterFailures: 1_000_000 };
      gateway = await Gateway.start({
        upstreams: [
          { name: 'first', baseUrl: proxy.baseUrl, engine: 'embedded', health },
          { name: 'second', baseUrl: second.baseUrl, engine: 'embedded', priority: 1, health },
        ],
        routing: { retryBudgetPercent: 100, resume },
      });
    });

    afterAll(async () => {
      await gateway.stop();
      await proxy.stop();
      await Promise.all(engines.map((engine) => engine.stop()));
    });

    async function tell(request: object, cut: CuttingProxy['cut']): Promise<Told & { tokenIds: string[] }> {
      proxy.cut = cut;
      const response = await gateway.complete(request);
      expect(response.status).toBe(200);
      const stream = await response.text();
      const ids = tokenIdsIn(stream);
      expect(ids.length > 0).toBe('return_token_ids' in request);
      return { ...putTogether(stream), tokenIds: ids };
    }

    it.each<[name: string, parameters: object, bytesInEvent: number[]]>([
      ['plain', {}, [0, 60]],
      ['with a stop text', { max_tokens: 20, stop: [' park', '. It'] }, [60]],
      ['with log probabilities', { max_tokens: 20, logprobs: 2 }, [60]],
      ['with an echo', { max_tokens: 20, echo: true }, [60]],
      ['with an echo and log probabilities', { max_tokens: 20, echo: true, logprobs: 1 }, [60]],
      ['with biased logits', { max_tokens: 20, logit_bias: { '300': 3, '410': -100 } }, [60]],
      ['with characters of several bytes', { prompt: 'Señor Muñoz 🦊 said:', logprobs: 0 }, [0, 60]],
      ...(resume === 'exact' ? BY_IDS : []),
    ])('%s: says the same wherever it is cut', async (_, parameters, bytesInEvent) => {
      const request = { ...STORY, ...parameters };
      const { logprobs, ...undisturbed } = await tell(request, undefined);
      expect(undisturbed.isDone).toBe(true);
      expect(undisturbed.text.length).toBeGreaterThan(10);
      // The cut after the last event is no cut.
      for (let afterEvents = 1; afterEvents < undisturbed.events; afterEvents++) {
        for (const bytes of bytesInEvent) {
          const { logprobs: found, ...cut } = await tell(request, { afterEvents, bytes });
          expect(cut.ids).toHaveLength(1);
          expect({ afterEvents, bytes, ...cut }).toEqual({
            afterEvents,
            bytes,
            ...undisturbed,
            ids: cut.ids,
            pieces: cut.pieces,
            events: expect.any(Number),
          });
          expect(found).toHaveLength(logprobs.length);
          for (const [index, logprob] of logprobs.entries()) {
            if (logprob === null) expect(found[index]).toBeNull();
            else expect(found[index]).toBeCloseTo(logprob, 3);
          }
        }
      }
      const lines = await gateway.accessLog();
      expect(lines.some(({ resumes }) => resumes === 1)).toBe(true);
    });

    it('with a temperature: has as many tokens wherever it is cut', async () => {
      const stop = resume === 'exact' ? ['e zzz', 'y zzz', 'd zzz', 's zzz'] : null;
      const request = { ...STORY, temperature: 1, max_tokens: 16, ignore_eos: true, logprobs: 0, stop };
      for (let afterEvents = 1; afterEvents <= 16; afterEvents++) {
        const { isDone, tokens, usages } = await tell({ ...request, seed: afterEvents }, { afterEvents, bytes: 0 });
        expect({ isDone, tokens: tokens.length }).toEqual({ isDone: true, tokens: 16 });
        expect(usages).toEqual([{ prompt_tokens: 4, completion_tokens: 16, total_tokens: 20 }]);
      }
    });

    it('with a suffix: fills the gap that is left between the delivered text and the suffix', async () => {
      const request = { ...STORY, max_tokens: 10, suffix: SUFFIX };
      const whole = await tell(request, undefined);
      for (let afterEvents = 1; afterEvents < 10; afterEvents++) {
        const delivered = whole.pieces.slice(0, afterEvents).join('');
        const rest = await engines[1]?.choice({
          ...request,
          prompt: STORY.prompt + delivered,
          max_tokens: 10 - afterEvents,
          stream: false,
          stream_options: null,
        });
        const { ids, text, finishReasons, isDone } = await tell(request, { afterEvents, bytes: 0 });
        expect(ids).toHaveLength(1);
        expect({ text, finishReasons, isDone }).toEqual({
          text: delivered + (rest?.text ?? ''),
          finishReasons: [rest?.finish_reason],
          isDone: true,
        });
      }
    });
  },
);
