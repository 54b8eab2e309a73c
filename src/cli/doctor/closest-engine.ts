import type { UpstreamConfig } from '../../config/config.js';
import { ENGINES } from '../../engines/engine-names.js';
import { configuredProfile } from '../../engines/engine-profile.js';
import { ENGINE_PROFILES } from '../../engines/engine-profiles.js';
import { diagnose, type Findings } from './diagnosis.js';
import { isFields } from './engine-answer.js';
import type { EngineClient } from './engine-client.js';

type Engine = UpstreamConfig['engine'];

/** A claim that the engine does not keep weighs more than an ability that the profile leaves unused. */
const TOO_MUCH = 3;
const TOO_LITTLE = 1;
/** A server that identifies itself is believed, unless it behaves like another engine entirely. */
const SIGN = 12;

/** How servers identify themselves, outside of the endpoint; any of it may be missing. */
const SIGNS: readonly { engine: Engine; path: string; isShown: (json: unknown, text: string) => boolean }[] = [
  { engine: 'embedded', path: '/health', isShown: (json) => isFields(json) && 'tokensGenerated' in json },
  { engine: 'ollama', path: '/', isShown: (_, text) => text.startsWith('Ollama is running') },
  { engine: 'tgi', path: '/info', isShown: (json) => isFields(json) && 'max_total_tokens' in json },
  { engine: 'sglang', path: '/get_model_info', isShown: (json) => isFields(json) && 'model_path' in json },
  {
    engine: 'llama.cpp',
    path: '/props',
    isShown: (json) => isFields(json) && 'default_generation_settings' in json,
  },
];

const OWNERS: Readonly<Record<string, Engine>> = {
  vllm: 'vllm',
  llamacpp: 'llama.cpp',
  library: 'ollama',
  sglang: 'sglang',
  me: 'llama-cpp-python',
};

/** The engine that a server identifies itself as, if it does. */
export async function engineBySigns(client: EngineClient): Promise<Engine | undefined> {
  for (const { engine, path, isShown } of SIGNS) {
    const { status, json, text } = await client.get(path);
    if (status === 200 && isShown(json, text)) return engine;
  }
  const { json } = await client.get('/v1/models');
  const [model] = isFields(json) && Array.isArray(json.data) ? (json.data as unknown[]) : [];
  const owner = isFields(model) && typeof model.owned_by === 'string' ? model.owned_by : '';
  return Object.hasOwn(OWNERS, owner) ? OWNERS[owner] : undefined;
}

/** The engine whose profile differs least from what was found; the first of `ENGINES` among equals. */
export function closestEngine(findings: Findings, api: UpstreamConfig['api'], sign: Engine | undefined): Engine {
  // The embedded engine always shows its sign.
  const possible = ENGINES.filter((engine) => engine !== 'embedded' || sign === engine);
  const distances = possible.map((engine) => ({
    engine,
    distance: distanceOf(engine, findings, api) - (engine === sign ? SIGN : 0),
  }));
  return distances.reduce((best, each) => (each.distance < best.distance ? each : best)).engine;
}

function distanceOf(engine: Engine, findings: Findings, api: UpstreamConfig['api']): number {
  const profile = configuredProfile(ENGINE_PROFILES[engine], { api });
  const { cells, extraParameters } = diagnose(profile, findings);
  const ofCells = cells.map(({ claim, proposal, isTooMuch }) =>
    isTooMuch ? TOO_MUCH : claim === proposal ? 0 : TOO_LITTLE,
  );
  const ofExtras = extraParameters.isTooMuch
    ? TOO_MUCH
    : extraParameters.claim === extraParameters.proposal
      ? 0
      : TOO_LITTLE;
  return ofCells.reduce<number>((sum, each) => sum + each, ofExtras);
}
