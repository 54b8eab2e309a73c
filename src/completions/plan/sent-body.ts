import type { CreateCompletionDto } from '../../contract/create-completion.dto.js';
import type { Upstream } from '../../upstreams/upstream.js';
import type { Capabilities } from '../../engines/feature-names.js';
import { isNoOp, mayBeNoOp } from '../../engines/no-op-values.js';
import type { Candidate } from '../../routing/candidate.js';
import type { Adaptation } from './adaptation.js';
import type { SentBody } from '../dialects/dialect.js';
import { featureOf, FEATURES } from '../features/all.js';
import type { Feature } from '../features/feature.js';
import { defaultsFor } from '../features/sampling.js';

/** Parameters that are omitted unless they ask for something. */
const OMITTED: ReadonlyMap<string, Feature> = new Map(
  FEATURES.filter(({ isOmittedUnlessAsked }) => isOmittedUnlessAsked).map((feature) => [feature.param, feature]),
);

/**
 * The body that every part sends, in the names of the contract. It is built from the validated object: what was checked is
 * what is sent. `null` means "not given", and some engines reject it.
 */
export function sentBody({ body, emulated }: Adaptation, { upstream, upstreamModel }: Candidate): SentBody {
  const { profile } = upstream;
  const sent = defaultsFor(profile);
  for (const name in body) {
    const value = body[name as keyof CreateCompletionDto];
    if (value === null || value === undefined || isUnwanted(name, value, profile)) continue;
    if (OMITTED.get(name)?.isAsked(body) !== false) sent[name] = value;
  }
  sent.model = upstreamModel;
  sent.prompt = unpacked(body.prompt, profile.capabilities);
  sent.stream_options = streamOptions(body, profile);
  for (const name of emulated) featureOf(name).emulation?.rewrite?.(sent, body, profile);
  return sent;
}

/** Usage is always asked for, for the access log; a client that did not ask does not see it. */
function streamOptions(
  { stream, stream_options: options }: CreateCompletionDto,
  profile: Upstream['profile'],
): object | undefined {
  if (!stream) return undefined;
  const given = Object.entries(options ?? {}).filter(
    ([name, value]) => value !== null && !isUnwanted(`stream_options.${name}`, value, profile),
  );
  return { ...Object.fromEntries(given), include_usage: true };
}

/** A no-op value of a field that the engine is not known to accept. */
function isUnwanted(path: string, value: unknown, { extraParameters, knownFields }: Upstream['profile']): boolean {
  if (!mayBeNoOp(path) || extraParameters === 'forward') return false;
  return isNoOp(path, value) && !(extraParameters === 'forward-known' && Object.hasOwn(knownFields, path));
}

/** Some engines accept no list of prompts, not even of one. */
function unpacked(prompt: CreateCompletionDto['prompt'], capabilities: Capabilities): CreateCompletionDto['prompt'] {
  if (typeof prompt === 'string' || prompt.length !== 1) return prompt;
  const [only] = prompt;
  if (only === undefined || typeof only === 'number') return prompt;
  const isNative = capabilities[typeof only === 'string' ? 'prompt_list' : 'prompt_tokens_list'] === 'native';
  return isNative ? prompt : only;
}
