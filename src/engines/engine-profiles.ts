import { deepfellow } from './deepfellow.js';
import { embedded } from './embedded.js';
import type { Engine } from './engine-names.js';
import {
  configuredProfile,
  type ConfiguredProfile,
  type EngineProfile,
  type ProfileOptions,
} from './engine-profile.js';
import { llamaCppPython } from './llama-cpp-python.js';
import { llamaCpp } from './llama-cpp.js';
import { localai } from './localai.js';
import { ollama } from './ollama.js';
import { openai } from './openai.js';
import { sglang } from './sglang.js';
import { tgi } from './tgi.js';
import { transformers } from './transformers.js';
import { vllm } from './vllm.js';

export const ENGINE_PROFILES: Readonly<Record<Engine, EngineProfile>> = {
  openai,
  vllm,
  'llama.cpp': llamaCpp,
  ollama,
  sglang,
  tgi,
  localai,
  'llama-cpp-python': llamaCppPython,
  transformers,
  deepfellow,
  embedded,
};

export function profileOf(config: ProfileOptions & { engine: Engine }): ConfiguredProfile {
  return configuredProfile(ENGINE_PROFILES[config.engine], config);
}

/** The slots of an upstream; undefined: any number. */
export function maxConcurrencyOf(config: { engine: Engine; maxConcurrency?: number }): number | undefined {
  return config.maxConcurrency ?? (ENGINE_PROFILES[config.engine].isOneAtATime ? 1 : undefined);
}
