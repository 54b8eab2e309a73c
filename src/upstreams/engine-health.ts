import type { UpstreamConfig } from '../config/config.js';

/** Where an engine answers for its health, relative to the root of the server. */
const HEALTH_PATHS: Partial<Record<UpstreamConfig['engine'], string>> = {
  vllm: '/health',
  'llama.cpp': '/health',
  sglang: '/health',
  tgi: '/health',
  embedded: '/health',
  localai: '/readyz',
  ollama: '/',
};

/** The URL that tells whether an upstream is up; engines without a health path are asked for their models. */
export function healthUrlOf(baseUrl: string, engine: UpstreamConfig['engine']): string {
  const path = HEALTH_PATHS[engine];
  return path === undefined ? `${baseUrl}/models` : baseUrl.replace(/\/v1$/, '') + path;
}
