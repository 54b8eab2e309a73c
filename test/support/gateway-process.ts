import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { API_KEY } from './gateway.js';
import { within } from './wait.js';

const PROGRAM = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** How a process ended, and what it printed. */
interface Ended {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

/** The built gateway as a process of its own, as `npm start` runs it. */
export class GatewayProcess {
  stdout = '';
  private readonly exit: Promise<Ended>;
  private stderr = '';

  private constructor(
    private readonly child: ChildProcess,
    /** Its `gateway.yaml`, which a test may rewrite. */
    readonly configFile: string,
  ) {
    child.stdout?.on('data', (text) => (this.stdout += String(text)));
    child.stderr?.on('data', (text) => (this.stderr += String(text)));
    this.exit = once(child, 'close').then(([exitCode, signal]) => ({
      exitCode: exitCode as number | null,
      signal: signal as NodeJS.Signals | null,
      stderr: this.stderr,
    }));
  }

  /**
   * `config` is written to a file as `gateway.yaml` would be; the environment is the given one and no other; `program` is
   * a copy of the built one that lies elsewhere. With `shell` the process is a shell, and the gateway its child. An output
   * that is a file descriptor is not read here.
   */
  static spawn(
    config: object,
    env: Record<string, string> = {},
    program = PROGRAM,
    shell = false,
    { stdout = 'pipe', stderr = 'pipe' }: { stdout?: 'pipe' | number; stderr?: 'pipe' | number } = {},
  ): GatewayProcess {
    const file = join(mkdtempSync(join(tmpdir(), 'gateway-')), 'gateway.yaml');
    writeFileSync(file, stringify(config));
    const { PATH = '' } = process.env;
    const [command, ...args] = shell
      ? ['sh', '-c', '"$0" "$1"; :', process.execPath, program]
      : [process.execPath, program];
    const child = spawn(command, args, {
      env: { PATH, PORT: '0', API_KEYS: API_KEY, GATEWAY_CONFIG: file, ...env },
      stdio: ['ignore', stdout, stderr],
    });
    return new GatewayProcess(child, file);
  }

  /** Resolves with the URL once the process says that it listens. */
  async listening(): Promise<string> {
    for (;;) {
      const url = /Listening on +(\S+)/.exec(this.stderr)?.[1];
      if (url) return url;
      const isOver = await within(
        `the gateway to listen; it says ${this.stderr}`,
        Promise.race([this.exit.then(() => true), this.saysMore().then(() => false)]),
      );
      if (isOver) throw new Error(`the gateway ended before it listened: ${this.stderr}`);
    }
  }

  get banner(): string {
    return this.stderr;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  get ended(): Promise<Ended> {
    return within('the gateway to end', this.exit);
  }

  /** SIGKILL. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.kill('SIGKILL');
    await this.ended;
  }

  /** Every whole line of standard output so far. */
  get logLines(): Record<string, unknown>[] {
    const lines = this.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Resolves when standard output holds a line that `matches`. */
  async logged(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.logLines.find(matches);
      if (found) return found;
      if (!this.child.stdout) throw new Error('no standard output');
      await within('a line of the log', once(this.child.stdout, 'data'));
    }
  }

  private async saysMore(): Promise<void> {
    if (this.child.stderr) await once(this.child.stderr, 'data');
  }
}
