import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';
import { until } from './wait.js';

/** Debian's redis-server on a port of its own, which keeps nothing on disk. */
export class RedisServer {
  private child: ChildProcess | undefined;
  /** A node of a cluster keeps a file there. */
  private folder = '';

  private constructor(
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  static async start(options: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, empty. */
  async restart(): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'redis-'));
    this.folder = folder;
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...this.options];
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let log = '';
    child.stdout.on('data', (text) => (log += String(text)));
    this.child = child;
    await until('Redis to take connections', () => log.includes('Ready to accept connections'));
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await once(child, 'close');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What an operator would type into redis-cli. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const client = new Redis(this.url);
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }
}
