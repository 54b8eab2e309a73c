import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './wait.js';

const ENGINE_PROGRAM = fileURLToPath(new URL('../../dist/engine/main.js', import.meta.url));

export interface Choice {
  index: number;
  text: string;
  finish_reason: string | null;
  logprobs: {
    tokens: string[];
    token_logprobs: (number | null)[];
    top_logprobs: (Record<string, number> | null)[];
    text_offset: number[];
  } | null;
}

export interface Completion {
  id: string;
  object: string;
  created: number;
  model: string;
  system_fingerprint: string;
  choices: Choice[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  error?: { message: string; type: string; param: string | null; code: string };
}

export interface Health {
  status: string;
  model: string;
  active: number;
  queued: number;
  tokensGenerated: number;
}

/** The built embedded engine as a child process, with the model that is shipped. */
export class EngineProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<EngineProcess> {
    const child = forkEngine(environment);
    const [message] = (await once(child, 'message')) as [{ listening: number } | { failed: string }];
    if ('failed' in message) throw new Error(message.failed);
    return new EngineProcess(child, message.listening);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill();
    await once(child, 'exit');
  }

  post(body: object, signal: AbortSignal | null = null): Promise<Response> {
    return fetch(`${this.baseUrl}/completions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ model: 'storyteller', ...body }),
      signal,
    });
  }

  /** A completion that must succeed. */
  async complete(body: object): Promise<Completion> {
    const response = await this.post(body);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
    return JSON.parse(text) as Completion;
  }

  /** The only choice of a completion that must succeed. */
  async choice(body: object): Promise<Choice> {
    const { choices } = await this.complete(body);
    const [choice] = choices;
    if (!choice || choices.length !== 1) throw new Error(`one choice was expected, not ${choices.length}`);
    return choice;
  }

  /** All events of a streamed completion, parsed, and the whole text of the stream. */
  async stream(body: object): Promise<{ chunks: Completion[]; raw: string }> {
    const response = await this.post({ ...body, stream: true });
    const raw = await response.text();
    const events = raw.split('\n\n').filter((event) => event !== '' && event !== 'data: [DONE]');
    return { chunks: events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Completion), raw };
  }

  async health(): Promise<Health> {
    const response = await fetch(`http://127.0.0.1:${this.port}/health`);
    return (await response.json()) as Health;
  }

  /** The engine's state, once it is as expected. */
  async healthWhen(isAsExpected: (health: Health) => boolean): Promise<Health> {
    let health = await this.health();
    await until('a state of the engine', async () => isAsExpected((health = await this.health())));
    return health;
  }
}

export function forkEngine(environment: Record<string, string> = {}, commandLine: string[] = []): ChildProcess {
  return fork(ENGINE_PROGRAM, commandLine, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

export function textOf(chunks: readonly Completion[], index = 0): string {
  return choicesOf(chunks, index)
    .map(({ text }) => text)
    .join('');
}

export function choicesOf(chunks: readonly Completion[], index = 0): Choice[] {
  return chunks.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
}
