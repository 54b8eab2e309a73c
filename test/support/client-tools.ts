import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeWithPrograms, run } from './programs.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The folder that `.ci/clients-tools` fills. */
export const CLIENTS_TOOLS = process.env.CLIENTS_TOOLS ?? join(ROOT, 'absent');

const FOLDERS = [
  join(CLIENTS_TOOLS, 'python', 'bin'),
  join(CLIENTS_TOOLS, 'node_modules', '.bin'),
  join(CLIENTS_TOOLS, 'bin'),
  join(ROOT, 'node_modules', '.bin'),
];

/** The path of a program among the tools or in this repository, else its name. */
function located(program: string): string {
  return FOLDERS.map((folder) => join(folder, program)).find((file) => existsSync(file)) ?? program;
}

/** `describe`, whose tests run these tools. Where one is missing, they are reported as skipped, with the reason. */
export function describeWithTools(tools: readonly string[], name: string, tests: () => void): void {
  describeWithPrograms(tools.map(located), name, tests, '.ci/clients-tools');
}

/** What a command prints. `env` is added to the variables of this process. */
export function runTool(
  [program = '', ...args]: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): string {
  const path = [...FOLDERS, process.env.PATH ?? ''].join(delimiter);
  return run(located(program), args, { cwd, timeout: 120_000, env: { ...process.env, PATH: path, ...env } });
}
