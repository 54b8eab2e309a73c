import type { Engine } from '../../src/engines/engine-names.js';
import { describeUnless } from './describe-unless.js';
import { LlamaServer } from './llama-server.js';

/** Servers that somebody has started, by the variable that tells where: up to and with `/v1`. */
const VARIABLES: Partial<Record<Engine, string>> = {
  vllm: 'VLLM_BASE_URL',
  ollama: 'OLLAMA_BASE_URL',
  'llama-cpp-python': 'LLAMA_CPP_PYTHON_BASE_URL',
  transformers: 'TRANSFORMERS_BASE_URL',
};

interface LiveEngine {
  engine: Engine;
  baseUrl: string;
  /** A second server of the same engine and model: the variable with `OTHER_` before it. */
  otherBaseUrl: string | undefined;
}

export const STARTED: readonly LiveEngine[] = Object.entries(VARIABLES).flatMap(([engine, variable]) => {
  const baseUrl = process.env[variable];
  const otherBaseUrl = process.env[`OTHER_${variable}`];
  return baseUrl === undefined ? [] : [{ engine: engine as Engine, baseUrl, otherBaseUrl }];
});

/** `describe`, with a real llama-server. Where there is none, its tests are reported as skipped, with the reason. */
export function describeWithLlamaServer(name: string, tests: () => void): void {
  const reason = 'no llama-server on the path or in LLAMA_SERVER: .ci/engines-tools FOLDER installs one';
  describeUnless(LlamaServer.isInstalled ? undefined : reason, name, tests);
}
