import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { featureOf } from '../../../src/completions/features/all.js';
import { Arrivals, type ReceivedRequest } from '../fake-upstream.js';
import { listen } from '../listen.js';
import type { Asked, Body } from './asked.js';
import { ChatOnly } from './chat-only.js';
import { DeepFellow } from './deepfellow.js';
import type { Dialect, Refusal } from './dialect.js';
import { type Habit, type HabitName, HABITS } from './habits.js';
import { LlamaCppPython } from './llama-cpp-python.js';
import { LlamaCpp } from './llama-cpp.js';
import { LocalAi } from './localai.js';
import { Ollama } from './ollama.js';
import { OpenAi } from './openai.js';
import { type Lacks, lacksOf, PLANTS } from './planted.js';
import { run } from './run.js';
import { Sglang } from './sglang.js';
import { Tgi } from './tgi.js';

const DIALECTS = {
  openai: () => new OpenAi(),
  'llama.cpp': () => new LlamaCpp(),
  ollama: () => new Ollama(),
  sglang: () => new Sglang(),
  tgi: () => new Tgi(),
  localai: () => new LocalAi(),
  'llama-cpp-python': () => new LlamaCppPython(),
  /** The same, started without `--logits_all`. */
  'llama-cpp-python without logits': () => new LlamaCppPython(false),
  deepfellow: () => new DeepFellow(),
  'chat-only': () => new ChatOnly(),
} satisfies Record<string, () => Dialect>;

export type FakeEngineName = keyof typeof DIALECTS;

/** What a fake does instead of answering a request: fail with a status, cut the connection, or stay silent. */
type Trouble = number | 'reset' | 'hang' | { failAfterEvents: number } | { hangAfterEvents: number };

export interface FakeEngineOptions {
  /** What it lacks besides: ignored silently, or refused with a status. */
  without?: Lacks;
  /** What it does beyond the cells of a profile. */
  habit?: HabitName;
}

/** A whole answer of more tokens keeps its slot until the client is gone. */
const LONG_TOKENS = 300;
/** Turns of the event loop that a token takes: another request comes in between. */
const TURNS_PER_TOKEN = 16;

/** An engine on a real socket that behaves as the one it is named after, and generates with the tiny model. */
export class FakeEngine {
  /** Asked at each completion. */
  trouble: (request: ReceivedRequest) => Trouble | undefined = () => undefined;
  private readonly arrivals = new Arrivals();
  private busyCount = 0;
  private lastStream: symbol | undefined;

  private constructor(
    private readonly server: Server,
    private readonly dialect: Dialect,
    private readonly without: Lacks,
    private readonly habitName: HabitName | undefined,
  ) {}

  static async start(name: FakeEngineName, { without = [], habit }: FakeEngineOptions = {}): Promise<FakeEngine> {
    const server = createServer();
    const fake = new FakeEngine(server, DIALECTS[name](), without, habit);
    server.on('request', (request, response) => void fake.handle(request, response));
    await listen(server);
    return fake;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get baseUrl(): string {
    return `${this.origin}/v1`;
  }

  /** Every POST. */
  get requests(): ReceivedRequest[] {
    return this.arrivals.requests;
  }

  /** Resolves with the `count`th request once it has arrived. */
  received(count = 1): Promise<ReceivedRequest> {
    return this.arrivals.received(count);
  }

  /** Asks it directly. */
  post(body: object, path = this.dialect.path): Promise<Response> {
    return fetch(this.origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'tiny', ...body }),
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET') {
      this.answerGet(pathname, response);
      return;
    }
    const received = await this.arrivals.add(request, response);
    const route = this.dialect.routes[pathname];
    if (pathname !== this.dialect.path && !route) {
      sendJson(response, 404, this.dialect.error({ status: 404, message: 'Not Found' }));
      return;
    }
    const trouble = this.trouble(received);
    if (trouble === 'hang') return;
    if (trouble === 'reset') return void response.socket?.destroy();
    if (typeof trouble === 'number') {
      sendJson(response, trouble, this.dialect.error({ status: trouble, message: 'out of memory' }));
      return;
    }
    if (route) {
      const answer = route(received.body);
      if ('json' in answer) sendJson(response, 200, answer.json);
      else this.sendEvents(response, answer.events, trouble);
      return;
    }
    this.complete(this.dialect.understand(received.body), response, trouble);
  }

  private complete(body: Body, response: ServerResponse, trouble: Exclude<Trouble, string | number> | undefined): void {
    const lacks = lacksOf(this.without, body);
    const refusal = this.refusalOf(lacks) ?? this.habit.refuse?.(body) ?? this.dialect.refuse(body);
    if (refusal) {
      sendJson(response, refusal.status, this.dialect.error(refusal));
      return;
    }
    const asked = lacks.reduce<Asked>(
      (understood, [name]) => ({ ...understood, ...PLANTS[name].ignore(understood) }),
      this.dialect.read(body),
    );
    const ran = run({ ...asked, ...this.habit.change?.(asked, body) });
    const outcome = this.habit.spoil?.(ran, body) ?? ran;
    if (asked.stream) this.sendEvents(response, this.dialect.events(asked, outcome), trouble);
    else if (this.tellsSlots && asked.maxTokens > LONG_TOKENS) this.keepBusy(response);
    else sendJson(response, 200, this.dialect.answer(asked, outcome));
  }

  private get habit(): Habit {
    return this.habitName === undefined ? {} : HABITS[this.habitName];
  }

  private get tellsSlots(): boolean {
    return this.habitName?.startsWith('slots') ?? false;
  }

  /** Works on an answer until the client has gone, or for ever. */
  private keepBusy(response: ServerResponse): void {
    this.busyCount++;
    response.on('close', () => {
      if (this.habitName === 'slots that end with the connection') this.busyCount--;
    });
  }

  /** Each new stream ends the one before it, as if that were complete. */
  private async sendInTurn(response: ServerResponse, events: string[]): Promise<void> {
    const stream = Symbol('stream');
    this.lastStream = stream;
    for (const data of events) {
      if (this.lastStream !== stream) break;
      response.write(this.dialect.frame(data));
      for (let turn = 0; turn < TURNS_PER_TOKEN; turn++) await setImmediate();
    }
    response.end(this.lastStream === stream ? '' : this.dialect.frame('[DONE]'));
  }

  private refusalOf(lacks: ReturnType<typeof lacksOf>): Refusal | undefined {
    const [name, status] = lacks.find(([, lack]) => lack !== 'ignored') ?? [];
    if (name === undefined || typeof status !== 'number') return undefined;
    const { param } = featureOf(name);
    return { status, message: `${param} is not supported here`, param };
  }

  private sendEvents(
    response: ServerResponse,
    events: string[],
    trouble: Exclude<Trouble, string | number> | undefined,
  ): void {
    response.writeHead(200, { 'content-type': this.dialect.contentType, connection: 'keep-alive' });
    const write = (all: string[]): void => {
      for (const data of all) response.write(this.dialect.frame(data));
    };
    if (this.habitName === 'one stream at a time') {
      void this.sendInTurn(response, events);
    } else if (!trouble) {
      write(events);
      const { socket } = response;
      response.end(() => {
        if (this.dialect.closesAfterStream) socket?.end();
      });
    } else if ('hangAfterEvents' in trouble) {
      write(events.slice(0, trouble.hangAfterEvents));
    } else {
      write(events.slice(0, trouble.failAfterEvents));
      const failure = this.dialect.failInStream();
      write(failure.events);
      if (failure.then === 'end') response.end();
      // The connection is cut when what was written has left.
      else response.write('\n', () => response.socket?.destroy());
    }
  }

  private answerGet(path: string, response: ServerResponse): void {
    if (path === '/v1/models') {
      const data = this.dialect.models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'fake' }));
      sendJson(response, 200, { object: 'list', data });
    } else if (path === '/slots' && this.tellsSlots) {
      sendJson(
        response,
        200,
        Array.from({ length: 2 }, (_, slot) => ({ is_processing: slot < this.busyCount })),
      );
    } else if (path === this.dialect.healthPath) {
      sendJson(response, 200, this.dialect.health);
    } else {
      sendJson(response, 404, this.dialect.error({ status: 404, message: 'Not Found' }));
    }
  }
}

/** A text goes out as plain text: not every engine puts all of its errors into JSON. */
function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}
