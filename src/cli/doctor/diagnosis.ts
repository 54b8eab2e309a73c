import { featureOf, FEATURES } from '../../completions/features/all.js';
import type { Feature } from '../../completions/features/feature.js';
import type { Capabilities, FeatureName, Support } from '../../engines/feature-names.js';
import type { UpstreamConfig } from '../../config/config.js';
import { configuredProfile, type ConfiguredProfile, type EngineProfile } from '../../engines/engine-profile.js';
import type { Verdict } from './verdict.js';

export type Findings = ReadonlyMap<string, Verdict>;
export type Overrides = Partial<Record<FeatureName, Support>>;

/** A profile's claims compared with the engine's behaviour. */
export interface Cell {
  feature: FeatureName;
  claim: Support;
  /** The correct value; the claim itself when inconclusive or nothing is gained. */
  proposal: Support;
  /** The profile promises what the engine, and the gateway with it, cannot keep. */
  isTooMuch: boolean;
}

export interface Diagnosis {
  cells: readonly Cell[];
  extraParameters: { claim: ExtraParameters; proposal: ExtraParameters; isTooMuch: boolean };
  /** What no cell can say, and what helps. */
  faults: readonly Fault[];
}

export interface Fault {
  item: string;
  advice: string;
}

type ExtraParameters = 'forward' | 'refuse';

const RANK: Readonly<Record<Support, number>> = { refuse: 0, emulate: 1, native: 2 };

/** Compares a profile, as the configuration has changed it, with what was found. */
export function diagnose(profile: ConfiguredProfile, findings: Findings): Diagnosis {
  const cells = FEATURES.map((feature) => {
    const { name, emulation } = feature;
    const claim = profile.capabilities[name];
    const effective = effectiveClaim(feature, profile);
    const truth = truthOf(feature, effective, profile, findings);
    // A free emulation is as good as native, and stays right when the engine's settings change.
    const isAsGood = claim === 'emulate' && truth === 'native' && emulation?.cost === undefined;
    const proposal = isAsGood || truth === effective ? claim : truth;
    return { feature: name, claim, proposal, isTooMuch: RANK[effective] > RANK[truth] };
  });
  const claim = claimOfExtras(profile);
  const proposal = extraParametersOf(findings.get('top_k'), findings.get('unknown field')) ?? claim;
  const isTooMuch = claim === 'forward' && proposal === 'refuse';
  return { cells, extraParameters: { claim, proposal, isTooMuch }, faults: faultsOf(profile, findings) };
}

function faultsOf(profile: ConfiguredProfile, findings: Findings): Fault[] {
  const { capabilities, samplingDefaults = {}, isOneAtATime } = profile;
  const isSwitchedOff = capabilities.sampling_defaults === 'emulate' && 'top_k' in samplingDefaults;
  const found = (item: string): Verdict['is'] | undefined => findings.get(item)?.is;
  const faults: Fault[] = [];
  if (found('temperature') === 'ignored' || (found('temperature') === 'deviates' && !isSwitchedOff)) {
    const advice =
      'Sampling options of the server leave nothing to chance: start it without them (vLLM: `--generation-config vllm`).';
    faults.push({ item: 'temperature', advice });
  }
  if (found('two streams at once') === 'deviates' && !isOneAtATime) {
    faults.push({ item: 'two streams at once', advice: 'Write `maxConcurrency: 1` for this upstream.' });
  }
  if (found('long prompt') === 'deviates') {
    const advice = 'Raise its context: nobody is told what was cut.';
    faults.push({ item: 'long prompt', advice });
  }
  return faults;
}

/** Whether `top_k`, which stands for all of its kind, is sent. */
export function claimOfExtras({ extraParameters, knownFields }: ConfiguredProfile): ExtraParameters {
  if (extraParameters !== 'forward-known') return extraParameters;
  return 'top_k' in knownFields ? 'forward' : 'refuse';
}

/** What the gateway makes of a cell together with the others: it refuses what lacks what it needs. */
function effectiveClaim({ name, needs = [], emulation }: Feature, profile: EngineProfile): Support {
  const { capabilities } = profile;
  const claim = capabilities[name];
  const needed = claim === 'emulate' ? [...needs, ...(emulation?.needs ?? [])] : needs;
  const lacksPath = claim === 'emulate' && emulation?.needsPath !== undefined && !profile[emulation.needsPath];
  return lacksPath || needed.some((each) => capabilities[each] === 'refuse') ? 'refuse' : claim;
}

function truthOf(feature: Feature, claim: Support, profile: EngineProfile, findings: Findings): Support {
  const verdict = findings.get(feature.name);
  if (verdict === undefined || verdict.is === 'unclear') {
    // An inconclusive feature cannot be emulated either when what its emulation needs is missing.
    return claim === 'emulate' && !canBeEmulated(feature, profile, findings) ? 'refuse' : claim;
  }
  if (verdict.is === 'honoured') return 'native';
  return canBeEmulated(feature, profile, findings) ? 'emulate' : 'refuse';
}

/**
 * Whether the engine has what the emulation needs. A suffix without template or endpoint is not looked at: the gateway refuses
 * it by itself, so nothing wrong is promised.
 */
function canBeEmulated({ name, needs = [], emulation }: Feature, profile: EngineProfile, findings: Findings): boolean {
  if (!emulation) return false;
  if (name === 'logprobs' && !isConvertible(findings.get(name))) return false;
  const { needs: emulationNeeds = [], needsPath } = emulation;
  const hasPath =
    needsPath === undefined ||
    (profile[needsPath] !== undefined && findings.get('token count endpoint')?.is === 'honoured');
  return hasPath && [...needs, ...emulationNeeds].every((each) => isSupported(each, profile, findings));
}

/** By the engine or with the gateway's help. */
function isSupported(name: FeatureName, profile: EngineProfile, findings: Findings): boolean {
  const verdict = findings.get(name);
  if (verdict === undefined || verdict.is === 'unclear') return profile.capabilities[name] !== 'refuse';
  return verdict.is === 'honoured' || canBeEmulated(featureOf(name), profile, findings);
}

function isConvertible(verdict: Verdict | undefined): boolean {
  return (
    verdict === undefined || verdict.is === 'unclear' || (verdict.is === 'deviates' && verdict.isChatShape === true)
  );
}

/** Fields are sent on to an engine that honours some, or that refuses what it does not know. */
function extraParametersOf(topK: Verdict | undefined, unknownField: Verdict | undefined): ExtraParameters | undefined {
  if (topK?.is === 'honoured') return 'forward';
  // An engine that refuses them drops nothing in silence: forwarded or not, the client gets an error.
  if (topK?.is === 'refused' && unknownField?.is === 'refused') return undefined;
  return topK?.is === 'ignored' || topK?.is === 'refused' ? 'refuse' : undefined;
}

export function isTrue({ cells, extraParameters, faults }: Diagnosis): boolean {
  return faults.length === 0 && !extraParameters.isTooMuch && cells.every(({ isTooMuch }) => !isTooMuch);
}

/** What `capabilities` of the upstream has to say, so that the engine's own profile becomes what is proposed. */
export function overridesOf({ cells }: Diagnosis, profile: EngineProfile, api: UpstreamConfig['api']): Overrides {
  const unchanged = unchangedCapabilities(profile, api);
  const differing = cells.filter(({ feature, proposal }) => proposal !== unchanged[feature]);
  return Object.fromEntries(differing.map(({ feature, proposal }) => [feature, proposal]));
}

function unchangedCapabilities(profile: EngineProfile, api: UpstreamConfig['api']): Capabilities {
  return configuredProfile(profile, { api }).capabilities;
}
