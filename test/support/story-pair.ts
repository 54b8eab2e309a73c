import { expect } from '@jest/globals';
import { FakeUpstream } from './fake-upstream.js';
import { Gateway } from './gateway.js';
import { ManualClock } from './manual-clock.js';
import { type Break, BREAKS, PROMPT, storyEvents, tell } from './storyteller.js';
import { until } from './wait.js';

export const REQUEST = { model: 'test-model', prompt: PROMPT, max_tokens: 20, stream: true as const };
export const WITH_USAGE = { ...REQUEST, stream_options: { include_usage: true } };

interface Options {
  routing?: object;
  /** Of both upstreams. */
  upstream?: object;
}

/** A gateway in front of two upstreams that tell the same story. It asks `first`, which can break, before `second`. */
export class StoryPair {
  static readonly IDLE_MS = 300;
  static readonly HEARTBEAT_MS = 1_000;

  private constructor(
    readonly first: FakeUpstream,
    readonly second: FakeUpstream,
    readonly gateway: Gateway,
    readonly clock: ManualClock,
  ) {}

  static async start({ routing, upstream }: Options = {}): Promise<StoryPair> {
    const clock = new ManualClock();
    const first = await FakeUpstream.start(tell({ id: 'first' }));
    const second = await FakeUpstream.start(tell({ id: 'the-second' }));
    // A test may break stream after stream: that ejects no upstream here.
    const options = { health: { ejectAfterFailures: 1_000 }, extraParameters: 'forward', ...upstream };
    const gateway = await Gateway.start(
      {
        upstreams: [
          { name: 'first', baseUrl: first.baseUrl, timeouts: { idleMs: StoryPair.IDLE_MS }, ...options },
          { name: 'second', baseUrl: second.baseUrl, priority: 1, ...options },
        ],
        routing: { retryBudgetPercent: 100, ...routing },
        server: { heartbeatMs: StoryPair.HEARTBEAT_MS },
      },
      clock,
    );
    return new StoryPair(first, second, gateway, clock);
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.first.stop();
    await this.second.stop();
  }

  /** The first upstream breaks each stream after so many events. */
  breakFirst(afterEvents: number, how: Break = BREAKS['a reset']): void {
    this.first.onCompletion(tell({ id: 'first' }, { afterEvents, how }));
  }

  /** The text of the gateway's answer. */
  async textFor(request: object): Promise<string> {
    return (await this.gateway.complete(request)).text();
  }

  /** Lets time pass, step by step. */
  async timePassesUntil(what: string, isSo: () => boolean, stepMs = StoryPair.IDLE_MS): Promise<void> {
    await until(what, isSo, () => this.clock.advance(stepMs));
  }
}

/** The whole stream of a request, as the client gets it when nothing breaks. */
export function undisturbed(request: object, id = 'first'): string {
  return storyEvents({ id }, request).join('');
}

/** The answer is the stream of the first upstream up to so many events, then an error event without `[DONE]`. */
export async function expectErrorEvent(response: Response, request: object, eventCount: number): Promise<void> {
  expect(response.status).toBe(200);
  const whole = await response.text();
  const before = storyEvents({ id: 'first' }, request).slice(0, eventCount).join('');
  expect(whole.startsWith(before)).toBe(true);
  const rest = whole.slice(before.length);
  expect(rest).toMatch(/^data: [^\n]+\n\n$/);
  expect(JSON.parse(rest.slice(6))).toEqual({
    error: { message: expect.any(String), type: 'upstream_error', param: null, code: 'upstream_error' },
  });
}
