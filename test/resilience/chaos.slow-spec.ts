import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashApiKey } from '../../src/config/api-key-hash.js';
import { periodOf } from '../../src/limits/limit-rule.js';
import { LIMIT_STORE } from '../../src/limits/limiter.js';
import type { MemoryStore } from '../../src/limits/memory-store.js';
import { EngineFleet } from '../support/engine-fleet.js';
import { API_KEY, Gateway } from '../support/gateway.js';
import { SEED } from '../support/seed.js';
import { seededRandom } from '../support/seeded-random.js';

const STREAMS = 100;
const JSON_REQUESTS = 100;
/** So many chunks at the clients, and the next engines die. */
const CHUNKS_BETWEEN_KILLS = 600;

const PROMPTS = [
  'Once upon a time',
  'The cat',
  'My name is',
  'Hello World',
  'One day, a little bird',
  'Say this is a test',
  'In a small town',
  'Tom and Lily',
].map((prompt) => ({ model: 'storyteller', prompt, temperature: 0, max_tokens: 60 }));

/** Nobody reaches them. */
const LIMITS = { tokensPerMonth: 1_000_000_000, concurrentRequests: 1_000 };

interface Answer {
  choices: { text: string; finish_reason: string | null }[];
  usage?: { total_tokens: number };
}

/** What a client gets, streamed or not: text, finish and usage. */
interface Result {
  status: number;
  text: string;
  finishReason: string | null;
  usage: Answer['usage'];
  hasDone: boolean;
}

describe('upstreams that are killed at random, one always alive', () => {
  let fleet: EngineFleet;
  let gateway: Gateway;

  beforeAll(async () => {
    fleet = await EngineFleet.start(3);
    const upstreams = fleet.baseUrls.map((baseUrl, index) => ({
      name: `engine-${index}`,
      baseUrl,
      engine: 'embedded',
    }));
    // Engines die so often here that a stream may meet many deaths.
    const apiKeys = [{ id: 'team', hash: hashApiKey(API_KEY), limits: LIMITS }];
    gateway = await Gateway.start({ upstreams, apiKeys, routing: { maxAttempts: 50 } });
  });

  afterAll(async () => {
    await gateway.stop();
    await fleet.stop();
  });

  /** What is kept as used of the limits of the key. */
  function usedOfLimits(): number[] {
    const prefix = '{team}:key:team::';
    const claims = [
      {
        kind: 'budget' as const,
        key: `${prefix}budget:${periodOf('budget', Date.now())}`,
        limit: LIMITS.tokensPerMonth,
        amount: 0,
      },
      { kind: 'concurrency' as const, key: `${prefix}concurrency`, limit: LIMITS.concurrentRequests, amount: 0 },
    ];
    return gateway.app.get<MemoryStore>(LIMIT_STORE).reserve({ lease: 'a look', claims }).used;
  }

  it('fails no request, gives every text as it would have been, and charges it once', async () => {
    const undisturbed = await Promise.all(PROMPTS.map((request) => fleet.at(0).complete(request)));
    const random = seededRandom(SEED);
    let chunkCount = 0;
    let nextKillAt = CHUNKS_BETWEEN_KILLS;
    let isDisturbing: Promise<void> | undefined;
    let killCount = 0;
    const onChunk = (): void => {
      chunkCount++;
      if (chunkCount < nextKillAt || isDisturbing) return;
      isDisturbing = disturb().finally(() => {
        isDisturbing = undefined;
        nextKillAt = chunkCount + CHUNKS_BETWEEN_KILLS;
      });
    };
    const disturb = async (): Promise<void> => {
      const survivor = Math.floor(random() * 3);
      const victims = [0, 1, 2].filter(
        (index) => index !== survivor && (random() < 0.7 || index === (survivor + 1) % 3),
      );
      killCount += victims.length;
      await Promise.all(victims.map((index) => fleet.kill(index)));
      await Promise.all(victims.map((index) => fleet.restart(index)));
    };

    const requestAt = (index: number): (typeof PROMPTS)[number] => PROMPTS[index % PROMPTS.length] as never;
    const expected = [...Array(STREAMS).keys(), ...Array(JSON_REQUESTS).keys()].map((index): Result => {
      const answer = undisturbed[index % PROMPTS.length] as Answer;
      const [choice] = answer.choices;
      return {
        status: 200,
        text: choice?.text ?? '',
        finishReason: choice?.finish_reason ?? null,
        usage: answer.usage,
        hasDone: true,
      };
    });
    const tokens = expected.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0);
    // How much one wave is disturbed depends on how fast the machine starts engines: until it is enough, another one comes.
    let waves = 0;
    for (let isEnough = false; !isEnough;) {
      waves++;
      const results = await Promise.all([
        ...Array.from({ length: STREAMS }, (_, index) => streamed(gateway, requestAt(index), onChunk)),
        ...Array.from({ length: JSON_REQUESTS }, (_, index) => whole(gateway, requestAt(index))),
      ]);
      await isDisturbing;
      expect(results).toEqual(expected);

      const lines = await gateway.accessLog(waves * results.length);
      const resumes = lines.reduce((sum, { resumes = 0 }) => sum + (resumes as number), 0);
      const attempts = lines.reduce((sum, line) => sum + (line.attempts as number), 0);
      // Streams in their middle, and answers that had not begun.
      isEnough = killCount > 2 && resumes > 10 && attempts - resumes > lines.length + 10;
    }
    expect(usedOfLimits()).toEqual([waves * tokens, 0]);
  }, 240_000);
});

async function streamed(gateway: Gateway, request: object, onChunk: () => void): Promise<Result> {
  const response = await gateway.complete({ ...request, stream: true, stream_options: { include_usage: true } });
  const result: Result = { status: response.status, text: '', finishReason: null, usage: undefined, hasDone: false };
  let rest = '';
  for await (const bytes of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const events = (rest + bytes).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      if (event === ':') continue;
      if (event === 'data: [DONE]') {
        result.hasDone = true;
        continue;
      }
      const { choices, usage } = JSON.parse(event.replace(/^data: /, '')) as Partial<Answer>;
      if (!choices) result.text += event;
      if (usage) result.usage = usage;
      for (const { text, finish_reason } of choices ?? []) {
        result.text += text;
        result.finishReason ??= finish_reason;
      }
      onChunk();
    }
  }
  return result;
}

async function whole(gateway: Gateway, request: object): Promise<Result> {
  const response = await gateway.complete(request);
  const body = await response.text();
  const { choices, usage } = JSON.parse(body) as Partial<Answer>;
  const choice = choices?.[0];
  return {
    status: response.status,
    text: choice?.text ?? body,
    finishReason: choice?.finish_reason ?? null,
    usage,
    hasDone: true,
  };
}
