import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import { promptsOf } from '../../contract/prompts.js';
import { joinsChoices } from '../../engines/known-fields.js';
import type { FeatureName } from '../../engines/feature-names.js';
import type { Candidate } from '../../routing/candidate.js';
import { featureOf } from '../features/all.js';
import { type ChoiceFitter, type Feature, type FittedRequest, STAGES } from '../features/feature.js';
import { featuresIn } from './verdict.js';

/** What one candidate is asked for, and what the gateway emulates there. */
export interface Adaptation {
  /** The client's body, or that of an emulation that asks for other features in its place. */
  body: CreateCompletionDto;
  /** The features that the body asks for. */
  asked: readonly Feature[];
  /** Including those of the client's body that were replaced. */
  emulated: ReadonlySet<FeatureName>;
}

export function adapt(body: CreateCompletionDto, candidate: Candidate, asked = featuresIn(body)): Adaptation {
  const { capabilities, knownFields } = candidate.upstream.profile;
  const isEmulated = ({ name, emulation }: Feature): boolean =>
    capabilities[name] === 'emulate' && !(emulation?.splitsBy === 'choice' && joinsChoices(knownFields, body));
  const replaced = asked.find((feature) => feature.emulation?.replace && isEmulated(feature));
  if (replaced?.emulation?.replace) {
    const { emulated, ...others } = adapt(replaced.emulation.replace(body), candidate);
    return { ...others, emulated: new Set([replaced.name, ...emulated]) };
  }
  const emulated = new Set<FeatureName>();
  for (const feature of asked) if (isEmulated(feature)) emulated.add(feature.name);
  // A set also visits what is added during the loop.
  for (const name of emulated) {
    for (const implied of featureOf(name).emulation?.implies?.(body, candidate) ?? []) emulated.add(implied);
  }
  return { body, asked, emulated };
}

/** Whether the request is split into one for each prompt, or for each choice of each prompt; undefined: one request has all. */
export function splitOf({ body, emulated }: Adaptation): 'prompt' | 'choice' | undefined {
  if (emulated.size === 0) return undefined;
  const isSplitBy = (by: 'prompt' | 'choice'): boolean =>
    emulated.values().some((name) => featureOf(name).emulation?.splitsBy === by);
  if ((body.n ?? 1) > 1 && isSplitBy('choice')) return 'choice';
  return promptsOf(body).length > 1 && isSplitBy('prompt') ? 'prompt' : undefined;
}

const NONE: ChoiceFitter[] = [];
export const noFitters = (): ChoiceFitter[] => NONE;

/** Makes what fits the choices of one upstream request, in running order. */
export function fittersOf({ asked, emulated }: Adaptation, request: FittedRequest): () => ChoiceFitter[] {
  const fits: ((request: FittedRequest) => ChoiceFitter)[] = [];
  for (const { name, fit: native, emulation } of asked) {
    const fit = (emulated.has(name) ? emulation?.fit : undefined) ?? native;
    if (fit) fits.push(fit);
  }
  if (fits.length === 0) return noFitters;
  return () => fits.map((fit) => fit(request)).sort((a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage));
}
