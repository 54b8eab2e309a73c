import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { listen } from './listen.js';
import { within } from './wait.js';

/** What the fake does with one completion request. */
export type Behaviour = (response: ServerResponse, request: ReceivedRequest) => void | Promise<void>;

/** A completion request as it arrived. */
export class ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  private readonly closed: Promise<void>;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    readonly text: string,
  ) {
    this.path = request.url ?? '';
    this.headers = request.headers;
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
  }

  /** Resolves when the gateway has closed the connection before the answer was complete. */
  get aborted(): Promise<void> {
    return within('the gateway to abort a request', this.closed);
  }

  get body(): Record<string, unknown> {
    return JSON.parse(this.text) as Record<string, unknown>;
  }
}

/** The requests that a fake server has received, in the order of arrival. */
export class Arrivals {
  readonly requests: ReceivedRequest[] = [];
  private waiters: (() => void)[] = [];

  /** Reads a request to its end, and adds it. */
  async add(request: IncomingMessage, response: ServerResponse): Promise<ReceivedRequest> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received = new ReceivedRequest(request, response, Buffer.concat(chunks).toString());
    this.requests.push(received);
    for (const wake of this.waiters.splice(0)) wake();
    return received;
  }

  /** Resolves with the `count`th request once it has arrived. */
  async received(count: number): Promise<ReceivedRequest> {
    for (;;) {
      const request = this.requests[count - 1];
      if (request) return request;
      await within(`request ${count}`, new Promise<void>((resolve) => this.waiters.push(resolve)));
    }
  }
}

/** An OpenAI-compatible server on a real socket that behaves, or misbehaves, as it is told. */
export class FakeUpstream {
  models = ['test-model'];
  /** What it says at `/version`, as vLLM does. */
  version: string | undefined;
  private behaviour: Behaviour = replyJson(completion('Hello'));
  private readonly arrivals = new Arrivals();

  private constructor(private readonly server: Server | SecureServer) {}

  /** A `port` of 0 is one that the system chooses. */
  static start(behaviour?: Behaviour, port = 0): Promise<FakeUpstream> {
    return FakeUpstream.on(createServer(), behaviour, port);
  }

  /** The same on a server of another kind, such as one with TLS. */
  static async on(
    server: Server | SecureServer,
    behaviour?: Behaviour,
    port = 0,
    host = '127.0.0.1',
  ): Promise<FakeUpstream> {
    const fake = new FakeUpstream(server);
    if (behaviour) fake.behaviour = behaviour;
    server.on('request', (request, response) => void fake.handle(request, response));
    await listen(server, port, host);
    return fake;
  }

  get baseUrl(): string {
    const scheme = 'setSecureContext' in this.server ? 'https' : 'http';
    const { address, port } = this.server.address() as AddressInfo;
    return `${scheme}://${address}:${port}/v1`;
  }

  /** Every completion request. */
  get requests(): ReceivedRequest[] {
    return this.arrivals.requests;
  }

  get lastRequest(): ReceivedRequest {
    const last = this.requests.at(-1);
    if (!last) throw new Error('the fake upstream has received nothing');
    return last;
  }

  /** What it does from the next request on. */
  onCompletion(behaviour: Behaviour): void {
    this.behaviour = behaviour;
  }

  /** Resolves with the `count`th request once it has arrived. */
  received(count = 1): Promise<ReceivedRequest> {
    return this.arrivals.received(count);
  }

  /** Sockets that are open at this moment. */
  async openConnections(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  /** Does nothing where it is stopped already. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.server.closeAllConnections();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/version' && this.version !== undefined) {
      await replyJson({ version: this.version })(response, undefined as never);
      return;
    }
    if (request.method === 'GET') {
      const data = this.models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'fake' }));
      await replyJson({ object: 'list', data })(response, undefined as never);
      return;
    }
    await this.behaviour(response, await this.arrivals.add(request, response));
  }
}

/** A whole answer. */
export function completion(text: string, fields: object = {}): object {
  return {
    id: 'cmpl-fake',
    object: 'text_completion',
    created: 1_763_800_000,
    model: 'test-model',
    choices: [{ index: 0, text, finish_reason: 'stop', logprobs: null }],
    usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
    ...fields,
  };
}

/** A chunk of a stream; without a finish reason it is not the last of its choice. */
export function chunk(text: string, finishReason: string | null = null, fields: object = {}): object {
  const choices = [{ index: 0, text, finish_reason: finishReason, logprobs: null }];
  return {
    id: 'cmpl-fake',
    object: 'text_completion',
    created: 1_763_800_000,
    model: 'test-model',
    choices,
    ...fields,
  };
}

/** As many choices as the request asks for: `n` for each prompt, the prompt in front where it is to be echoed. */
export const replyAsAsked: Behaviour = (response, request) => {
  const { body } = request;
  const { prompt } = body;
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? (prompt as unknown[]) : [prompt];
  const n = typeof body.n === 'number' ? body.n : 1;
  const choices = prompts.flatMap((each) =>
    Array.from({ length: n }, () => ({
      text: (body.echo ? String(each) : '') + 'Hello',
      finish_reason: 'stop',
      logprobs:
        body.logprobs === undefined
          ? null
          : { tokens: ['Hello'], token_logprobs: [-1], top_logprobs: [{ Hello: -1 }], text_offset: [0] },
    })),
  );
  const numbered = choices.map((choice, index) => ({ index, ...choice }));
  return replyJson(completion('', { choices: numbered }))(response, request);
};

export function replyJson(body: unknown, status = 200, headers: Record<string, string> = {}): Behaviour {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Events as they stand on the wire; objects are written as chunks, strings as the data of an event. */
export function events(...data: (object | string)[]): string {
  return data.map((each) => `data: ${typeof each === 'string' ? each : JSON.stringify(each)}\n\n`).join('');
}

/** A stream that is written in one piece and ended. */
export function replyEvents(...data: (object | string)[]): Behaviour {
  return (response) => {
    beginStream(response);
    response.end(events(...data));
  };
}

export function beginStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

/** Begins a stream, and cuts the connection when this much has left. */
export function breakAfter(written: string): Behaviour {
  return (response) => {
    beginStream(response);
    response.write(written, () => response.destroy());
  };
}

/** Does it for the requests that have come when it is released, and for those after that. */
export function hold(behaviour: Behaviour): { behaviour: Behaviour; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: Behaviour = async (response, request) => {
    await promise;
    await behaviour(response, request);
  };
  return { behaviour: held, release: resolve };
}

const STREAM_BEGIN = events(chunk('One'));
const STREAM_END = events(chunk(' two', 'stop'), '[DONE]');
/** The whole of what `holdStream` makes. */
export const HELD_STREAM = STREAM_BEGIN + STREAM_END;

/** A stream of two words, of which the second comes when it is released. */
export function holdStream(): { behaviour: Behaviour; release: () => void } {
  const { behaviour, release } = hold((response) => void response.end(STREAM_END));
  const held: Behaviour = (response, request) => {
    beginStream(response);
    response.write(STREAM_BEGIN);
    return behaviour(response, request);
  };
  return { behaviour: held, release };
}

/** Accepts the request and never says a word. */
export const hang: Behaviour = () => undefined;

/** Cuts the connection without an answer. */
export const reset: Behaviour = (response) => {
  response.socket?.destroy();
};
