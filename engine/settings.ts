import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface Settings {
  /** 0: the system chooses. */
  port: number;
  modelPath: string;
  /** Requests that generate at the same time; the others wait. Each takes memory for a whole context. */
  parallelRequests: number;
  /** The most tokens of prompt and completion together. The model's own limit applies as well. */
  maxContextSize: number;
  /** Required as `Authorization: Bearer`; undefined: everybody on this machine is served. */
  token: string | undefined;
}

/**
 * Reads the command line first, then the environment: `--port` or `PORT`, `--model` or `EMBEDDED_MODEL`,
 * `ENGINE_PARALLEL`, `ENGINE_CONTEXT`, `ENGINE_TOKEN`. The token has no option: other users can see a command line.
 *
 * @throws {Error} naming the setting at fault and what was expected.
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
