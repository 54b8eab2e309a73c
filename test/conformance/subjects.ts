import { type FeatureName, FEATURE_NAMES, type Support } from '../../src/engines/feature-names.js';
import { featureOf } from '../../src/completions/features/all.js';
import type { UpstreamConfig } from '../../src/config/config.js';
import { configuredProfile, type ConfiguredProfile } from '../../src/engines/engine-profile.js';
import { ENGINE_PROFILES } from '../../src/engines/engine-profiles.js';
import { FakeEngine, type FakeEngineName } from '../support/engines/fake-engine.js';
import type { Sampling } from '../support/engines/tiny-model.js';
import { FIM_TEMPLATE } from '../support/engines/tiny-vocabulary.js';
import { Gateway } from '../support/gateway.js';
import type { FillsIn } from './expectation.js';

/** An engine to hold to the contract, with the differences that its profile's `limits` document. */
export interface Subject {
  name: FakeEngineName | typeof EMULATED;
  /** What the configuration says of it. */
  capabilities?: UpstreamConfig['capabilities'];
  engine: UpstreamConfig['engine'];
  api?: 'chat';
  fillsIn: FillsIn;
  /** Sampling options that requests cannot reach. */
  sampling?: Partial<Sampling>;
  /** Every text ends with `stop`. */
  knowsNoLength?: true;
  /** Whole answers have no usage. */
  lacksUsage?: true;
  /** It does not stop at a stop text: the tokens after it count, too. */
  generatesPastStop?: true;
  /** The usage of a stream is counted from its text, without that of the suffix. */
  recountsUsage?: true;
  /** A part of a character has no name, and so no offset. */
  namesNoBytes?: true;
}

/** A server with all of the contract, for which the gateway emulates all that it can. */
const EMULATED = 'openai, everything emulated';

/** The usage of a stream can be counted only where there is an endpoint for it. */
const EMULATED_CAPABILITIES = Object.fromEntries(
  FEATURE_NAMES.filter((name) => featureOf(name).emulation !== undefined && name !== 'stream_usage').map(
    (name): [FeatureName, Support] => [name, 'emulate'],
  ),
);

const LLAMA_CPP_PENALTIES = { penaltyWindow: 64 };

export const SUBJECTS: readonly Subject[] = [
  { name: 'openai', engine: 'openai', fillsIn: 'template' },
  { name: 'llama.cpp', engine: 'llama.cpp', fillsIn: 'infill', sampling: LLAMA_CPP_PENALTIES },
  { name: 'ollama', engine: 'ollama', fillsIn: 'nothing' },
  { name: 'sglang', engine: 'sglang', fillsIn: 'template', namesNoBytes: true },
  { name: 'tgi', engine: 'tgi', fillsIn: 'template', generatesPastStop: true },
  {
    name: 'localai',
    engine: 'localai',
    fillsIn: 'template',
    sampling: { topK: ENGINE_PROFILES.localai.samplingDefaults?.top_k ?? 40 },
    knowsNoLength: true,
    lacksUsage: true,
  },
  { name: 'llama-cpp-python', engine: 'llama-cpp-python', fillsIn: 'template', recountsUsage: true },
  {
    name: 'deepfellow',
    engine: 'deepfellow',
    fillsIn: 'template',
    sampling: { ...LLAMA_CPP_PENALTIES, topK: 40, minP: 0.05 },
  },
  {
    name: EMULATED,
    engine: 'openai',
    capabilities: { ...EMULATED_CAPABILITIES, echo_logprobs: 'refuse' },
    fillsIn: 'template',
    generatesPastStop: true,
  },
  { name: 'chat-only', engine: 'openai', api: 'chat', fillsIn: 'nothing' },
];

/** A gateway in front of the subject's fake. */
export class Stage {
  private constructor(
    readonly subject: Subject,
    readonly fake: FakeEngine,
    readonly gateway: Gateway,
    readonly profile: ConfiguredProfile,
  ) {}

  static async of(subject: Subject, config: object = {}): Promise<Stage> {
    const { name, engine, api = 'completions', capabilities = {}, fillsIn } = subject;
    const fake = await FakeEngine.start(name === EMULATED ? 'openai' : name);
    const templates = fillsIn === 'template' ? { fimTemplates: { '*': FIM_TEMPLATE } } : {};
    const gateway = await Gateway.inFrontOf(fake, { upstream: { engine, api, capabilities, ...templates }, config });
    return new Stage(subject, fake, gateway, configuredProfile(ENGINE_PROFILES[engine], { api, capabilities }));
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.fake.stop();
  }
}
