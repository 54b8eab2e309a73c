import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CuttingProxy } from '../support/cutting-proxy.js';
import { Gateway } from '../support/gateway.js';
import { describeWithLlamaServer, STARTED } from '../support/live-engines.js';
import { LlamaServer } from '../support/llama-server.js';
import { putTogether, type Told } from '../support/told-stream.js';

const STORY = {
  model: 'storyteller',
  prompt: 'Once upon a time',
  temperature: 0,
  max_tokens: 20,
  stream: true,
  stream_options: { include_usage: true },
};

const CASES: [name: string, parameters: object][] = [
  ['plain', {}],
  ['logprobs', { logprobs: 2 }],
  ['stop', { stop: [', there was nobody', ' tall'] }],
  ['stop', { stop: ['e zzz', 'y zzz', 'o zzz'] }],
  ['stop and logprobs', { stop: ['e zzz', 'y zzzz'], logprobs: 1 }],
  ['echo', { echo: true }],
  ['token ids', { prompt: [752, 867, 262, 427] }],
  ['token ids and stop', { prompt: [752, 867, 262, 427], stop: [', there was nobody', ' tall'] }],
  ['token ids and logprobs', { prompt: [752, 867, 262, 427], logprobs: 2 }],
  ['characters of several bytes, generated', { max_tokens: 12, logit_bias: { 244: 30, 163: 29, 170: 28, 142: 27 } }],
  ['characters of several bytes', { prompt: 'Señor Muñoz 🦊 said: 🦊🦊' }],
];

/** While a token whose text is held back has been told, it would come twice: an error event. */
const REFUSED_AT_TIMES = { 'llama.cpp': ['stop and logprobs'], vllm: [] as string[] };

/** An error event is told instead. */
const NEVER_RESUMED = { 'llama.cpp': [] as string[], vllm: ['echo'] };

interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

describeWithLlamaServer('a stream of llama-server that is cut, at temperature 0', () => {
  let server: LlamaServer;

  beforeAll(async () => {
    server = await LlamaServer.start();
  });

  afterAll(() => server.stop());

  cutEverywhere('llama.cpp', () => ({ cut: server.baseUrl, whole: server.baseUrl }));
});

for (const { engine, baseUrl, otherBaseUrl = baseUrl } of STARTED) {
  if (engine !== 'vllm') continue;
  const where = otherBaseUrl === baseUrl ? '' : ', and goes on at another one';
  describe(`a stream of vLLM that is cut${where}, at temperature 0`, () =>
    cutEverywhere(engine, () => ({ cut: baseUrl, whole: otherBaseUrl })));
}

/** The server whose streams are cut, and the one that goes on. */
interface Servers {
  cut: string;
  whole: string;
}

function cutEverywhere(engine: keyof typeof NEVER_RESUMED, serversOf: () => Servers): void {
  let proxy: CuttingProxy;
  let gateway: Gateway;

  beforeAll(async () => {
    const { cut, whole } = serversOf();
    proxy = await CuttingProxy.inFrontOf({ port: Number(new URL(cut).port) });
    const health = { ejectAfterFailures: 1_000_000 };
    gateway = await Gateway.start({
      upstreams: [
        { name: 'cut', baseUrl: proxy.baseUrl, engine, health },
        { name: 'whole', baseUrl: whole, engine, priority: 1, health },
      ],
      routing: { retryBudgetPercent: 100, resume: 'exact' },
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await proxy.stop();
  });

  async function tell(request: object, cut: CuttingProxy['cut']): Promise<Told | undefined> {
    proxy.cut = cut;
    const response = await gateway.complete(request);
    expect(response.status).toBe(200);
    const stream = await response.text();
    return stream.includes('data: {"error"') ? undefined : putTogether(stream);
  }

  it.each(CASES)('%s: says the same wherever it is cut (%j)', async (name, parameters) => {
    const request = { ...STORY, ...parameters };
    const whole = await tell(request, undefined);
    for (let afterEvents = 1; afterEvents < (whole?.events ?? 0) - 2; afterEvents++) {
      const told = await tell(request, { afterEvents, bytes: 0 });
      if (!told && REFUSED_AT_TIMES[engine].includes(name)) continue;
      const expected = NEVER_RESUMED[engine].includes(name) ? undefined : essenceOf(whole);
      expect({ afterEvents, told: essenceOf(told) }).toEqual({ afterEvents, told: expected });
    }
  });
}

/** What is equal: the text, the tokens and where they are, and the counts. */
function essenceOf(told: Told | undefined): object | undefined {
  if (!told) return undefined;
  const { text, finishReasons, tokens, offsets, isDone } = told;
  const counts = (told.usages as Usage[]).map(({ prompt_tokens, completion_tokens }) => [
    prompt_tokens,
    completion_tokens,
  ]);
  return { text, finishReasons, tokens, offsets, isDone, counts };
}
