import { execFile, spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { describeUnless } from './describe-unless.js';

/** `describe`, whose tests run these programs. Where one is missing, they are reported as skipped, with the reason. */
export function describeWithPrograms(
  programs: readonly string[],
  name: string,
  tests: () => void,
  installer = '.ci/deploy-tools',
): void {
  const missing = programs.filter((program) => spawnSync(program, ['--help'], { timeout: 30_000 }).error);
  const reason = `${missing.join(' and ')} not installed: ${installer} FOLDER does it`;
  describeUnless(missing.length === 0 ? undefined : reason, name, tests);
}

/**
 * What the program prints on standard output.
 *
 * @throws {Error} with all that it printed, when it does not exit with 0.
 */
export function run(program: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { timeout: 60_000, ...options, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? ''}\n${stdout}${stderr}`);
  return stdout;
}

/** How a program ended, and what it printed. */
export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a built program of `dist/src/cli/`; its environment is the given one and no other. */
export function runCli(program: string, args: readonly string[], env: Record<string, string>): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env } };
    execFile(process.execPath, [`dist/src/cli/${program}`, ...args], options, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}
