import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface Settings {
  /** 0 lets the system choose. */
  port: number;
  modelPath: string;
  /** Requests that generate at the same time; further ones wait. Each takes memory for a whole context. */
  parallelRequests: number;
  /** The most tokens that prompt and completion may have together. A model made for fewer keeps to its own limit. */
  maxContextSize: number;
  /** What a client has to send as `Authorization: Bearer`; without it, anybody on this machine is served. */
  token: string | undefined;
}

/**
 * Reads the command line first, then the environment: `--port` or `PORT`, `--model` or `EMBEDDED_MODEL`,
 * `ENGINE_PARALLEL`, `ENGINE_CONTEXT`, `ENGINE_TOKEN`. A command line is seen by everybody: the token is not taken from there.
 *
 * @throws {Error} that names the setting at fault and what was expected.
 */
export function readSettings(commandLine: string[], environment: NodeJS.ProcessEnv): Settings {
  const { values } = parseArgs({ args: commandLine, options: { port: { type: 'string' }, model: { type: 'string' } } });
  return {
    port: integer('PORT (or --port)', values.port ?? environment.PORT, 0, 0, 65535),
    modelPath: values.model ?? nonEmpty(environment.EMBEDDED_MODEL) ?? defaultModelPath(),
    parallelRequests: integer('ENGINE_PARALLEL', environment.ENGINE_PARALLEL, 8, 1, 256),
    maxContextSize: integer('ENGINE_CONTEXT', environment.ENGINE_CONTEXT, 4096, 16, 2 ** 20),
    token: nonEmpty(environment.ENGINE_TOKEN),
  };
}

function integer(name: string, text: string | undefined, fallback: number, least: number, most: number): number {
  const value = Number(nonEmpty(text) ?? fallback);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, but is "${text ?? ''}".`);
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The program runs from `engine/` as well as from `dist/engine/`; the models are in the sources only. */
function defaultModelPath(): string {
  const relativePath = join('engine', 'models', 'storyteller.gguf');
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, relativePath)) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, relativePath);
}
