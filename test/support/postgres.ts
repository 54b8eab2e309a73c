import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import { until } from './wait.js';

/** The folder with `initdb` and `postgres`: POSTGRES_BIN, else Debian's; undefined where there is none. */
export const POSTGRES_BIN = [
  process.env.POSTGRES_BIN,
  ...globSync('/usr/lib/postgresql/*/bin').toSorted().reverse(),
].find((folder) => folder && existsSync(join(folder, 'initdb')));

/** A user that exists everywhere: PostgreSQL does not run as root. */
const NOBODY = 65_534;
const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** A PostgreSQL server in a folder of its own. */
export class Postgres {
  private server: ReturnType<typeof spawn> | undefined;

  private constructor(
    private readonly bin: string,
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async start(bin: string): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    chmodSync(folder, 0o777);
    const data = join(folder, 'data');
    const made = spawnSync(
      join(bin, 'initdb'),
      ['-D', data, '-U', 'gateway', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
      {
        ...account,
        cwd: folder,
        env: { PATH: process.env.PATH, TMPDIR: folder, LC_ALL: 'C' },
        encoding: 'utf8',
      },
    );
    if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? ''}${made.stdout}${made.stderr}`);
    const postgres = new Postgres(bin, folder, await freePort());
    await postgres.resume();
    return postgres;
  }

  get url(): string {
    return `postgres://gateway@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts the server, again after `stop`. */
  async resume(): Promise<void> {
    if (this.server?.exitCode === null) return;
    const settings = ['listen_addresses=127.0.0.1', `port=${this.port}`, `unix_socket_directories=${this.folder}`];
    const args = ['-D', join(this.folder, 'data'), ...settings.flatMap((setting) => ['-c', setting])];
    this.server = spawn(join(this.bin, 'postgres'), args, {
      ...account,
      cwd: this.folder,
      env: { PATH: process.env.PATH, TMPDIR: this.folder, LC_ALL: 'C' },
      stdio: 'ignore',
    });
    await until('PostgreSQL to answer', () => this.answers());
  }

  /** Cuts every connection. */
  async stop(): Promise<void> {
    await this.end('SIGINT');
  }

  /** As a crash leaves it: the next start has to recover. */
  async kill(): Promise<void> {
    await this.end('SIGQUIT');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An empty database in it. */
  async newDatabase(): Promise<string> {
    const name = `test_${Math.trunc(performance.now() * 1000)}`;
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return `postgres://gateway@127.0.0.1:${this.port}/${name}`;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { server } = this;
    if (server?.exitCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  }

  private async answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      return false;
    }
  }
}
