import type { UpstreamConfig } from '../../config/config.js';
import { deepfellow } from './deepfellow.js';
import { embedded } from './embedded.js';
import { configuredProfile, type EngineProfile } from './engine-profile.js';
import { llamaCppPython } from './llama-cpp-python.js';
import { llamaCpp } from './llama-cpp.js';
import { localai } from './localai.js';
import { ollama } from './ollama.js';
import { openai } from './openai.js';
import { sglang } from './sglang.js';
import { tgi } from './tgi.js';
import { vllm } from './vllm.js';

export const ENGINE_PROFILES: Readonly<Record<UpstreamConfig['engine'], EngineProfile>> = {
  openai,
  vllm,
  'llama.cpp': llamaCpp,
  ollama,
  sglang,
  tgi,
  localai,
  'llama-cpp-python': llamaCppPython,
  deepfellow,
  embedded,
};

export function profileOf(config: UpstreamConfig): EngineProfile {
  return configuredProfile(ENGINE_PROFILES[config.engine], config);
}
