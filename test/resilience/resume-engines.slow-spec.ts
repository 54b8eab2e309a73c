import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { EngineProcess } from '../support/engine-process.js';
import { Gateway } from '../support/gateway.js';
import { putTogether, type Told } from '../support/told-stream.js';

const STORY = {
  model: 'storyteller',
  prompt: 'Once upon a time',
  temperature: 0,
  max_tokens: 40,
  stream: true,
  stream_options: { include_usage: true },
};

const SUFFIX = ' The end.';

describe('a stream that is cut between two real engines, at temperature 0', () => {
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
      routing: { retryBudgetPercent: 100 },
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await proxy.stop();
    await Promise.all(engines.map((engine) => engine.stop()));
  });

  async function tell(request: object, cut: CuttingProxy['cut']): Promise<Told> {
    proxy.cut = cut;
    const response = await gateway.complete(request);
    expect(response.status).toBe(200);
    return putTogether(await response.text());
  }

  it.each<[name: string, parameters: object, bytesInEvent: number[]]>([
    ['plain', {}, [0, 60]],
    ['with a stop text', { max_tokens: 20, stop: [' park', '. It'] }, [60]],
    ['with log probabilities', { max_tokens: 20, logprobs: 2 }, [60]],
    ['with an echo', { max_tokens: 20, echo: true }, [60]],
    ['with an echo and log probabilities', { max_tokens: 20, echo: true, logprobs: 1 }, [60]],
    ['with biased logits', { max_tokens: 20, logit_bias: { '300': 3, '410': -100 } }, [60]],
    ['with characters of several bytes', { prompt: 'Señor Muñoz 🦊 said:', logprobs: 0 }, [0, 60]],
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
});
