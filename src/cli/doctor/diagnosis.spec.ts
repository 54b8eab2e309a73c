import { describe, expect, it } from '@jest/globals';
import { type FeatureName, FEATURE_NAMES } from '../../engines/feature-names.js';
import type { UpstreamConfig } from '../../config/config.js';
import { configuredProfile, type ProfileOptions } from '../../engines/engine-profile.js';
import { ENGINE_PROFILES } from '../../engines/engine-profiles.js';
import { diagnose, type Diagnosis, isTrue, overridesOf } from './diagnosis.js';
import { nameOf } from './probe.js';
import { PROBES } from './probes/all-probes.js';
import { deviates, honoured, ignored, refused, unclear, type Verdict } from './verdict.js';

const CHAT_SHAPE: Verdict = { is: 'deviates', note: 'the shape of chat completions', isChatShape: true };

/** What is found where everything is honoured but what is named. */
function diagnosisOf(
  engine: UpstreamConfig['engine'],
  found: Partial<Record<FeatureName | 'top_k' | 'unknown field' | 'token count endpoint', Verdict>>,
  config: ProfileOptions = { api: 'completions' },
): Diagnosis {
  const all = FEATURE_NAMES.map((name): [string, Verdict] => [name, honoured()]);
  const findings = new Map([...all, ...Object.entries(found)]);
  return diagnose(configuredProfile(ENGINE_PROFILES[engine], config), findings);
}

function cellOf({ cells }: Diagnosis, name: FeatureName): object {
  const { claim, proposal, isTooMuch } = cells.find(({ feature }) => feature === name) ?? {};
  return { claim, proposal, isTooMuch };
}

describe('PROBES', () => {
  it('decide each feature once, and have names of their own', () => {
    const decided = PROBES.flatMap((probe) => ('feature' in probe ? [probe.feature] : []));
    expect(decided.toSorted()).toEqual(FEATURE_NAMES.toSorted());
    expect(new Set(PROBES.map(nameOf)).size).toBe(PROBES.length);
  });
});

describe('diagnose', () => {
  it('finds a profile true that claims what was found', () => {
    const diagnosis = diagnosisOf('openai', {});
    expect(isTrue(diagnosis)).toBe(true);
    expect(overridesOf(diagnosis, ENGINE_PROFILES.openai, 'completions')).toEqual({});
  });

  it.each([ignored(), refused(400), deviates('another text')])(
    'proposes to emulate what is not done: %p',
    (verdict) => {
      const diagnosis = diagnosisOf('openai', { echo: verdict, seed: verdict });
      expect(cellOf(diagnosis, 'echo')).toEqual({ claim: 'native', proposal: 'emulate', isTooMuch: true });
      expect(cellOf(diagnosis, 'seed')).toEqual({ claim: 'native', proposal: 'refuse', isTooMuch: true });
      expect(isTrue(diagnosis)).toBe(false);
    },
  );

  it('leaves a cell as it is where nothing can be told', () => {
    const diagnosis = diagnosisOf('openai', { echo: unclear('no answer') });
    expect(cellOf(diagnosis, 'echo')).toEqual({ claim: 'native', proposal: 'native', isTooMuch: false });
  });

  it('proposes what the engine does by itself, but not where its emulation costs nothing', () => {
    const diagnosis = diagnosisOf('vllm', {});
    expect(cellOf(diagnosis, 'best_of')).toEqual({ claim: 'emulate', proposal: 'native', isTooMuch: false });
    expect(cellOf(diagnosis, 'sampling_defaults')).toEqual({ claim: 'emulate', proposal: 'emulate', isTooMuch: false });
    expect(isTrue(diagnosis)).toBe(true);
  });

  it('takes log probabilities of another shape for something to make the others from', () => {
    const lacks = { best_of: ignored(), logprobs_zero: ignored() };
    const converted = diagnosisOf('openai', { ...lacks, logprobs: CHAT_SHAPE });
    for (const name of ['logprobs', 'logprobs_zero', 'best_of'] as const) {
      expect(cellOf(converted, name)).toMatchObject({ proposal: 'emulate' });
    }
    const none = diagnosisOf('openai', { ...lacks, logprobs: ignored() });
    for (const name of ['logprobs', 'logprobs_zero', 'best_of'] as const) {
      expect(cellOf(none, name)).toMatchObject({ proposal: 'refuse', isTooMuch: true });
    }
  });

  it('counts a stream only where the engine counts a text', () => {
    const counts = { stream_usage: ignored(), 'token count endpoint': honoured() };
    expect(cellOf(diagnosisOf('llama-cpp-python', counts), 'stream_usage')).toMatchObject({ proposal: 'emulate' });
    const lacks = { ...counts, 'token count endpoint': refused(404) };
    expect(cellOf(diagnosisOf('llama-cpp-python', lacks), 'stream_usage')).toMatchObject({
      proposal: 'refuse',
      isTooMuch: true,
    });
    expect(cellOf(diagnosisOf('openai', counts), 'stream_usage')).toMatchObject({ proposal: 'refuse' });
  });

  it('blames no cell that the gateway refuses because of another', () => {
    const nothing = { logprobs: ignored(), logprobs_zero: ignored(), best_of: ignored() };
    const diagnosis = diagnosisOf('tgi', nothing, { api: 'chat' });
    expect(cellOf(diagnosis, 'best_of')).toEqual({ claim: 'emulate', proposal: 'emulate', isTooMuch: false });
    expect(cellOf(diagnosis, 'logprobs_zero')).toEqual({ claim: 'emulate', proposal: 'emulate', isTooMuch: false });
  });

  it('proposes all that differs from the engine, what was configured before included', () => {
    const config = { api: 'completions', capabilities: { best_of: 'native', echo: 'emulate' } } as const;
    const diagnosis = diagnosisOf('vllm', { echo: ignored(), suffix: ignored(), n: ignored() }, config);
    const overrides = overridesOf(diagnosis, ENGINE_PROFILES.vllm, 'completions');
    expect(overrides).toMatchObject({ best_of: 'native', echo: 'emulate', n: 'emulate' });
    expect(overrides).not.toHaveProperty('suffix');
  });

  it('sends other fields on only where some are honoured, or none is dropped in silence', () => {
    const extrasOf = (topK: Verdict, unknownField: Verdict): object =>
      diagnosisOf('vllm', { top_k: topK, 'unknown field': unknownField }).extraParameters;
    expect(extrasOf(honoured(), ignored())).toMatchObject({ proposal: 'forward', isTooMuch: false });
    expect(extrasOf(ignored(), ignored())).toMatchObject({ proposal: 'refuse', isTooMuch: true });
    expect(extrasOf(refused(422), refused(422))).toMatchObject({ proposal: 'forward', isTooMuch: false });
    expect(extrasOf(unclear('no answer'), ignored())).toMatchObject({ proposal: 'forward', isTooMuch: false });
  });
});
