import { describe, expect, it } from '@jest/globals';
import { featureOf } from '../../src/completions/features/all.js';
import { FEATURE_NAMES } from '../../src/engines/feature-names.js';
import { UpstreamConfig } from '../../src/config/config.js';
import { runDoctor } from '../../src/cli/doctor/doctor.js';
import { configuredProfile } from '../../src/engines/engine-profile.js';
import { ENGINE_PROFILES } from '../../src/engines/engine-profiles.js';
import { FakeEngine, type FakeEngineName } from '../support/engines/fake-engine.js';
import { FIM_TEMPLATE } from '../support/engines/tiny-vocabulary.js';
import { API_KEY, Gateway } from '../support/gateway.js';

type Case = Partial<UpstreamConfig> & { fake: FakeEngineName; engine: UpstreamConfig['engine'] };

const fimTemplates = { tiny: FIM_TEMPLATE };
const CASES: Case[] = [
  { fake: 'sglang', engine: 'sglang', fimTemplates },
  { fake: 'llama.cpp', engine: 'llama.cpp' },
  { fake: 'tgi', engine: 'tgi', fimTemplates },
  { fake: 'localai', engine: 'localai', fimTemplates },
  { fake: 'llama-cpp-python', engine: 'llama-cpp-python' },
  { fake: 'chat-only', engine: 'openai', api: 'chat' },
];

/** The doctor asks the gateway as it would an engine: what clients get, whatever engine is behind it. */
describe('npm run doctor, beside the gateway itself', () => {
  it.each(CASES)('finds all honoured or refused by name in front of $fake', async ({ fake: name, ...config }) => {
    const fake = await FakeEngine.start(name);
    const extraParameters = 'forward';
    const upstream = { name: 'fake', baseUrl: fake.baseUrl, models: ['tiny'], extraParameters, ...config };
    const gateway = await Gateway.start({ upstreams: [upstream] });
    const asked = { name: 'gateway', baseUrl: `${gateway.url}/v1`, apiKey: API_KEY };
    const { findings } = await runDoctor({
      upstream: Object.assign(new UpstreamConfig(), asked),
      isEngineKnown: true,
      model: undefined,
    });
    await gateway.stop();
    await fake.stop();
    const profile = configuredProfile(ENGINE_PROFILES[config.engine], Object.assign(new UpstreamConfig(), config));
    for (const capability of FEATURE_NAMES) {
      const needed = [capability, ...(featureOf(capability).needs ?? [])];
      const isRefused = needed.some((name) => profile.capabilities[name] === 'refuse');
      const expected = isRefused ? { is: 'refused', status: 400 } : { is: 'honoured' };
      expect([capability, findings.get(capability)]).toMatchObject([capability, expected]);
    }
  });
});
