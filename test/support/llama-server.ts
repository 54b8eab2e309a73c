import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until, within } from './wait.js';

const PROGRAM = process.env.LLAMA_SERVER ?? 'llama-server';
const MODEL = fileURLToPath(new URL('../../engine/models/storyteller.gguf', import.meta.url));

/** llama.cpp's own server with the model that is shipped: a process that can be killed, and comes back on the same port. */
export class LlamaServer {
  private constructor(
    private child: ChildProcess,
    readonly port: number,
  ) {}

  static get isInstalled(): boolean {
    return !spawnSync(PROGRAM, ['--version'], { timeout: 30_000 }).error;
  }

  /** `args`: on its command line, after the others. */
  static async start(...args: string[]): Promise<LlamaServer> {
    const { child, port } = await spawnServer(0, args);
    return new LlamaServer(child, port);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** SIGKILL, whatever it is doing. Resolves when the process is gone. */
  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  async restart(): Promise<void> {
    ({ child: this.child } = await spawnServer(this.port));
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
  }

  async isBusy(): Promise<boolean> {
    return valueOf('requests_processing', await this.metrics()) > 0;
  }

  /** How many tokens it has generated, once it is idle. */
  async tokensWhenIdle(): Promise<number> {
    let text = '';
    await until('llama-server to be idle', async () => {
      text = await this.metrics();
      return valueOf('requests_processing', text) + valueOf('requests_deferred', text) === 0;
    });
    return valueOf('tokens_predicted_total', text);
  }

  private async metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text();
  }
}

async function spawnServer(port: number, further: string[] = []): Promise<{ child: ChildProcess; port: number }> {
  const args = ['-m', MODEL, '--alias', 'storyteller', '--host', '127.0.0.1', '--port', String(port), '-t', '1'];
  // Four slots, each with the whole context of the model.
  const child = spawn(PROGRAM, [...args, '-np', '4', '-c', '2048', '--metrics', ...further], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const listening = new Promise<number>((resolve) => {
    createInterface(child.stderr).on('line', (line) => {
      const [, found] = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (found !== undefined) resolve(Number(found));
    });
  });
  return { child, port: await within('llama-server to listen', listening) };
}

function valueOf(name: string, metrics: string): number {
  return Number(new RegExp(`^llamacpp:${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
}
