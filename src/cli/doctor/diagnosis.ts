import {
  type Capabilities,
  type Capability,
  CAPABILITY_NAMES,
  descriptionOf,
  type Support,
} from '../../engines/capabilities.js';
import type { UpstreamConfig } from '../../config/config.js';
import { configuredProfile, type EngineProfile } from '../../engines/engine-profile.js';
import type { Verdict } from './verdict.js';

export type Findings = ReadonlyMap<string, Verdict>;
export type Overrides = Partial<Record<Capability, Support>>;

/** What a profile says of an engine beside what the engine does. */
export interface Cell {
  capability: Capability;
  claim: Support;
  /** What would be true; the claim, where nothing can be told or nothing is gained. */
  proposal: Support;
  /** The profile promises what the engine, and the gateway with it, cannot keep. */
  isTooMuch: boolean;
}

export interface Diagnosis {
  cells: readonly Cell[];
  extraParameters: { claim: ExtraParameters; proposal: ExtraParameters; isTooMuch: boolean };
}

type ExtraParameters = EngineProfile['extraParameters'];

const RANK: Readonly<Record<Support, number>> = { refuse: 0, emulate: 1, native: 2 };

/** Compares a profile, as the configuration has changed it, with what was found. */
export function diagnose(profile: EngineProfile, findings: Findings): Diagnosis {
  const cells = CAPABILITY_NAMES.map((capability) => {
    const claim = profile.capabilities[capability];
    const effective = effectiveClaim(capability, profile);
    const truth = truthOf(capability, effective, profile, findings);
    // What costs nothing to make up for is as good as native, and stays right when the engine's settings change.
    const isAsGood = claim === 'emulate' && truth === 'native' && descriptionOf(capability).isFree === true;
    const proposal = isAsGood || truth === effective ? claim : truth;
    return { capability, claim, proposal, isTooMuch: RANK[effective] > RANK[truth] };
  });
  const claim = profile.extraParameters;
  const proposal = extraParametersOf(findings.get('top_k'), findings.get('unknown field')) ?? claim;
  return { cells, extraParameters: { claim, proposal, isTooMuch: claim === 'forward' && proposal === 'refuse' } };
}

/** What the gateway makes of a cell together with the others: it refuses what lacks what it would be made from. */
function effectiveClaim(capability: Capability, { capabilities, tokenCountPath }: EngineProfile): Support {
  const claim = capabilities[capability];
  const isRefused =
    (capability === 'logprobs_zero' && capabilities.logprobs === 'refuse') ||
    (capability === 'prompt_tokens_list' && capabilities.prompt_tokens === 'refuse') ||
    (capability === 'best_of' && claim === 'emulate' && capabilities.logprobs === 'refuse') ||
    (capability === 'stream_usage' && claim === 'emulate' && tokenCountPath === undefined);
  return isRefused ? 'refuse' : claim;
}

function truthOf(capability: Capability, claim: Support, profile: EngineProfile, findings: Findings): Support {
  const verdict = findings.get(capability);
  if (verdict === undefined || verdict.is === 'unclear') {
    // Also what nothing could be told of cannot be made up for without what that takes.
    return claim === 'emulate' && !canBeMadeUpFor(capability, profile, findings) ? 'refuse' : claim;
  }
  if (verdict.is === 'honoured') return 'native';
  return canBeMadeUpFor(capability, profile, findings) ? 'emulate' : 'refuse';
}

type Need = (profile: EngineProfile, findings: Findings) => boolean;

/** A ranking and a list of nothing need the log probabilities that the engine gives, in whichever shape. */
const needsLogprobs: Need = ({ capabilities }, findings) => {
  const logprobs = findings.get('logprobs');
  if (logprobs === undefined || logprobs.is === 'unclear') return capabilities.logprobs !== 'refuse';
  return logprobs.is === 'honoured' || isConvertible(logprobs);
};

/**
 * What the gateway's emulations take, where the engine may lack it. A suffix without template or endpoint is not here:
 * the gateway refuses it by itself, so nothing wrong is promised.
 */
const NEEDS: Partial<Record<Capability, Need>> = {
  logprobs: (_, findings) => isConvertible(findings.get('logprobs')),
  logprobs_zero: needsLogprobs,
  best_of: needsLogprobs,
  prompt_tokens_list: ({ capabilities }, findings) => {
    const single = findings.get('prompt_tokens');
    return single === undefined || single.is === 'unclear'
      ? capabilities.prompt_tokens === 'native'
      : single.is === 'honoured';
  },
  stream_usage: ({ tokenCountPath }, findings) =>
    tokenCountPath !== undefined && findings.get('token count endpoint')?.is === 'honoured',
};

function canBeMadeUpFor(capability: Capability, profile: EngineProfile, findings: Findings): boolean {
  return descriptionOf(capability).emulation !== undefined && (NEEDS[capability]?.(profile, findings) ?? true);
}

function isConvertible(verdict: Verdict | undefined): boolean {
  return (
    verdict === undefined || verdict.is === 'unclear' || (verdict.is === 'deviates' && verdict.isChatShape === true)
  );
}

/** Fields are sent on to an engine that honours some, or that refuses what it does not know. */
function extraParametersOf(topK: Verdict | undefined, unknownField: Verdict | undefined): ExtraParameters | undefined {
  if (topK?.is === 'honoured') return 'forward';
  // An engine that says no does not drop them in silence: sent on or not, the caller is told.
  if (topK?.is === 'refused' && unknownField?.is === 'refused') return undefined;
  return topK?.is === 'ignored' || topK?.is === 'refused' ? 'refuse' : undefined;
}

export function isTrue({ cells, extraParameters }: Diagnosis): boolean {
  return !extraParameters.isTooMuch && cells.every(({ isTooMuch }) => !isTooMuch);
}

/** What `capabilities` of the upstream has to say, so that the engine's own profile becomes what is proposed. */
export function overridesOf({ cells }: Diagnosis, profile: EngineProfile, api: UpstreamConfig['api']): Overrides {
  const unchanged = unchangedCapabilities(profile, api);
  const differing = cells.filter(({ capability, proposal }) => proposal !== unchanged[capability]);
  return Object.fromEntries(differing.map(({ capability, proposal }) => [capability, proposal]));
}

function unchangedCapabilities(profile: EngineProfile, api: UpstreamConfig['api']): Capabilities {
  return configuredProfile(profile, { api }).capabilities;
}
