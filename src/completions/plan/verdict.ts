import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import type { Candidate } from '../../routing/candidate.js';
import { FEATURES } from '../features/all.js';
import type { Feature } from '../features/feature.js';
import type { Refusal } from './unsupported.js';

/** How a candidate supports a request: not at all, natively, or with emulation. */
export interface Verdict {
  refusal?: Refusal;
  /** Whether it costs the engine more than it costs one that supports the request natively. */
  isEmulated: boolean;
}

const NATIVE: Verdict = { isEmulated: false };
const EMULATED: Verdict = { isEmulated: true };

/** The features that a body asks for. They are the same for all candidates. */
export function featuresIn(body: CreateCompletionDto): readonly Feature[] {
  return FEATURES.filter((feature) => feature.isAsked(body));
}

/** How `candidate` supports the body, which asks for these features. */
export function judge(body: CreateCompletionDto, asked: readonly Feature[], candidate: Candidate): Verdict {
  const { capabilities } = candidate.upstream.profile;
  let verdict = NATIVE;
  for (const feature of asked) {
    const support = capabilities[feature.name];
    if (support === 'native') continue;
    const refusal = support === 'refuse' ? feature : lackOf(feature, body, candidate);
    if (refusal) return { refusal: { param: refusal.param, asks: refusal.asks }, isEmulated: false };
    if (feature.emulation?.cost !== undefined) verdict = EMULATED;
  }
  return verdict;
}

/** What the emulation of a feature needs, and the candidate or the request lacks. */
function lackOf(feature: Feature, body: CreateCompletionDto, candidate: Candidate): Refusal | undefined {
  const { emulation } = feature;
  const { profile } = candidate.upstream;
  if (!emulation) return feature;
  const { needs = [], needsPath } = emulation;
  if (needs.some((name) => profile.capabilities[name] === 'refuse')) return feature;
  if (needsPath !== undefined && profile[needsPath] === undefined) return feature;
  return emulation.lacks?.(body, candidate);
}
