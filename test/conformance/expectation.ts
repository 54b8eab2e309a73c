import { FEATURE_NAMES } from '../../src/engines/feature-names.js';
import { featureOf } from '../../src/completions/features/all.js';
import { extraFields } from '../../src/contract/extra-fields.js';
import type { ConfiguredProfile, EngineProfile } from '../../src/engines/engine-profile.js';
import { isNoOp } from '../../src/engines/no-op-values.js';
import { whyNotSent } from '../../src/engines/known-fields.js';
import { type Body, isOfTokens, readAsked, withoutNulls } from '../support/engines/asked.js';
import { toUsage } from '../support/engines/dialect.js';
import { legacyLogprobs } from '../support/engines/logprobs.js';
import { PLANTS } from '../support/engines/planted.js';
import { entriesIn, run, textIn } from '../support/engines/run.js';
import type { Sampling } from '../support/engines/tiny-model.js';
import type { View } from './client-view.js';

/** What the contract's answer to a body is, when the tiny model gives it. */
export function contractAnswer(body: Body, sampling: Partial<Sampling> = {}): View {
  const asked = readAsked(body);
  const isReached = ({ top_k: topK }: Body): boolean => typeof topK === 'number';
  const fixed = isReached(body) ? { ...sampling, topK: asked.sampling.topK } : sampling;
  const outcome = run({ ...asked, sampling: { ...asked.sampling, ...fixed } });
  return {
    choices: outcome.choices.map((ran) => ({
      index: ran.index,
      text: textIn(ran),
      finish_reason: ran.ended === 'limit' ? 'length' : 'stop',
      logprobs: asked.topLogprobs === undefined ? null : legacyLogprobs(entriesIn(ran), asked.topLogprobs),
    })),
    usage: toUsage(outcome.promptTokens, outcome.completionTokens),
  };
}

/** Whether the same request gives the same answer again. */
export function isDetermined(body: Body): boolean {
  return body.temperature === 0 || typeof body.seed === 'number' || body.max_tokens === 0;
}

/** How an upstream can fill in the middle, if at all. */
export type FillsIn = 'nothing' | 'template' | 'infill';

/**
 * The parameters that the refusal of a body may name; none: it is answered.
 *
 * They follow from the profile, and from what the emulations need: a text to prepend, log probabilities to rank by, and a
 * template or an endpoint to fill in the middle.
 */
export function refusedParams(body: Body, profile: EngineProfile, fillsIn: FillsIn): string[] {
  const given = withoutNulls(body);
  const { capabilities } = profile;
  const asked = FEATURE_NAMES.filter((name) => PLANTS[name].isAsked(given));
  const refused = asked.filter((name) => capabilities[name] === 'refuse').map((name) => featureOf(name).param);
  const emulates = (name: (typeof asked)[number]): boolean => asked.includes(name) && capabilities[name] === 'emulate';
  const isOfIds = isOfTokens(given.prompt);
  const isScored = typeof given.logprobs === 'number';
  const ranks = emulates('best_of');
  if (emulates('echo') && isOfIds) refused.push('echo');
  if (emulates('echo_only') && isOfIds) refused.push('max_tokens');
  if (ranks && capabilities.logprobs === 'refuse') refused.push('best_of');
  if (ranks && given.echo === true && isOfIds && !isScored) refused.push('echo');
  if (emulates('suffix') && (isOfIds || fillsIn === 'nothing')) refused.push('suffix');
  if (emulates('suffix') && given.echo === true && isScored) refused.push('suffix');
  return refused;
}

/** The fields of a body that are refused since the engine does not take them. */
export function forbiddenFields(body: Body, { extraParameters, knownFields }: ConfiguredProfile): string[] {
  const isGiven = (name: string): boolean => name in withoutNulls(body);
  const isSent = (path: string): boolean =>
    extraParameters === 'forward' || whyNotSent(knownFields, path, undefined, isGiven) === undefined;
  return extraFields(body)
    .map(({ loc, value }) => ({ path: loc.slice(1).join('.'), value }))
    .filter(({ path, value }) => !isNoOp(path, value) && !isSent(path))
    .map(({ path }) => path);
}
