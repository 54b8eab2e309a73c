import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where programs run if the machine has several cores. */
export const CONTENDER_CORES: readonly number[] = [0];
export const HARNESS_CORES: readonly number[] = [1];
export const BOTH_CORES: readonly number[] = [0, 1];

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGTERM')));

export function find(program: string): string | undefined {
  // Debian's nginx is not on the path of users.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Command {
  line: readonly string[];
  cores: readonly number[];
  env?: Record<string, string>;
  /** For standard output and standard error. Without it, output is a pipe and errors are shown. */
  logFile?: string;
}

export interface Program {
  pid: number;
  child: ChildProcess;
  stop: () => Promise<void>;
}

/** Starts a program, pinned to its cores if possible, with the hard limit of open files. */
export function start({ line, cores, env = {}, logFile }: Command): Program {
  const canPin = availableParallelism() > 1 && find('taskset') !== undefined;
  const pinned = canPin ? ['taskset', '-c', cores.join(), ...line] : line;
  const log = logFile === undefined ? undefined : openSync(logFile, 'a');
  const child = spawn('sh', ['-c', 'ulimit -n "$(ulimit -H -n)"; exec "$@"', 'sh', ...pinned], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', log ?? 'pipe', log ?? 'inherit'],
  });
  if (log !== undefined) closeSync(log);
  if (child.pid === undefined) throw new Error(`${line.join(' ')} did not start`);
  running.add(child);
  const ended = once(child, 'close').then(() => running.delete(child));
  const stop = async () => {
    if (!running.has(child)) return;
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(kill);
  };
  return { pid: child.pid, child, stop };
}

/** The standard output of the program until it ends. @throws when it fails. */
export async function outputOf(program: Program): Promise<string> {
  let text = '';
  program.child.stdout?.on('data', (bytes) => (text += String(bytes)));
  const [exitCode] = (await once(program.child, 'close')) as [number | null];
  if (exitCode !== 0) throw new Error(`${program.child.spawnargs.at(5) ?? 'a program'} ended with ${String(exitCode)}`);
  return text;
}

/** The first line of standard output. */
export async function firstLineOf(program: Program): Promise<string> {
  const [bytes] = (await once(program.child.stdout ?? program.child, 'data')) as [Buffer];
  return bytes.toString().trim();
}

/** Compiles a C program; undefined if there is no compiler. */
export function compile(source: string, target: string): string | undefined {
  const compiler = find('cc') ?? find('gcc');
  if (compiler === undefined) return undefined;
  execFileSync(compiler, ['-O2', '-o', target, source], { stdio: ['ignore', 'inherit', 'inherit'] });
  return target;
}
