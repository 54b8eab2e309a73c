export const ENGINES = [
  'openai',
  'vllm',
  'llama.cpp',
  'ollama',
  'sglang',
  'tgi',
  'localai',
  'llama-cpp-python',
  'transformers',
  'deepfellow',
  'embedded',
] as const;
export type Engine = (typeof ENGINES)[number];

export const APIS = ['completions', 'chat'] as const;
export type Api = (typeof APIS)[number];

/** How an engine is asked for completions: as the contract says, or at an endpoint of its own that does more. */
export type EndpointName = 'completions' | 'ollama';

/** What becomes of fields that the contract does not list: those that the engine is known to take are sent, or all, or none. */
export const EXTRA_PARAMETERS = ['forward-known', 'forward', 'refuse'] as const;
export type ExtraParameters = (typeof EXTRA_PARAMETERS)[number];
