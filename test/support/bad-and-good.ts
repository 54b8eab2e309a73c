import { expect } from '@jest/globals';
import { type Behaviour, chunk, completion, events, FakeUpstream, type ReceivedRequest } from './fake-upstream.js';
import { Gateway } from './gateway.js';
import { ManualClock } from './manual-clock.js';

export const REQUEST = { model: 'test-model', prompt: 'Hi', temperature: 0.5, seed: 7, logit_bias: { '5': 1 } };
export const FIRST_BYTE_MS = 2_000;

const USAGE_CHUNK = chunk('', null, {
  choices: [],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
});
const JSON_ANSWER = JSON.stringify(completion('Good'));
const STREAM_ANSWER = events(chunk('Go'), chunk('od', 'stop'), '[DONE]');
/** With the usage that the gateway asks for and the client did not. */
const UPSTREAM_STREAM = events(chunk('Go'), chunk('od', 'stop'), USAGE_CHUNK, '[DONE]');

export const isStream = ({ body }: ReceivedRequest): boolean => body.stream === true;
export const contentType = (stream: boolean): string => (stream ? 'text/event-stream' : 'application/json');
/** What an upstream says to a request that it answers well. */
export const goodAnswerTo = (request: ReceivedRequest): string => (isStream(request) ? UPSTREAM_STREAM : JSON_ANSWER);

/** The good answer, streamed if asked so, as bytes that `encode` makes. */
export function answerWith(
  encode: (plain: string) => string | Buffer,
  headers: Record<string, string> = {},
): Behaviour {
  return (response, request) => {
    response.writeHead(200, { 'content-type': contentType(isStream(request)), ...headers });
    response.end(encode(goodAnswerTo(request)));
  };
}

export const answerWell = answerWith((plain) => plain);

/** Two upstreams, of which the bad one is preferred, and gateways in front of them. */
export class BadAndGood {
  readonly clock = new ManualClock();
  private gateway: Gateway | undefined;

  private constructor(
    readonly bad: FakeUpstream,
    readonly good: FakeUpstream,
  ) {}

  static async start(): Promise<BadAndGood> {
    return new BadAndGood(await FakeUpstream.start(), await FakeUpstream.start(answerWell));
  }

  async gatewayWith(options: { bad?: object; good?: object; routing?: object } = {}): Promise<Gateway> {
    const timeouts = { firstByteMs: FIRST_BYTE_MS };
    const upstreams = [
      { name: 'bad', baseUrl: this.bad.baseUrl, timeouts, ...options.bad },
      { name: 'good', baseUrl: this.good.baseUrl, priority: 1, ...options.good },
    ];
    this.gateway = await Gateway.start({ upstreams, routing: options.routing ?? {} }, this.clock);
    return this.gateway;
  }

  async gatewayInFrontOf(upstream: FakeUpstream): Promise<Gateway> {
    this.gateway = await Gateway.inFrontOf(upstream, { clock: this.clock });
    return this.gateway;
  }

  /** How many requests each has received: the bad one, the good one. */
  get counts(): [bad: number, good: number] {
    return [this.bad.requests.length, this.good.requests.length];
  }

  async stop(): Promise<void> {
    await this.gateway?.stop();
    await this.good.stop();
    await this.bad.stop();
  }
}

/** As if there were only the good upstream. */
export async function expectGoodAnswer(response: Response, stream: boolean): Promise<void> {
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe(`${contentType(stream)}; charset=utf-8`);
  expect(response.headers.get('content-encoding')).toBeNull();
  expect(await response.text()).toBe(stream ? STREAM_ANSWER : JSON_ANSWER);
}
