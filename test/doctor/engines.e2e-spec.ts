import { describe, expect, it } from '@jest/globals';
import { FEATURE_NAMES } from '../../src/engines/feature-names.js';
import type { UpstreamConfig } from '../../src/config/config.js';
import { ENGINES } from '../../src/engines/engine-names.js';
import { isTrue } from '../../src/cli/doctor/diagnosis.js';
import { examineFake, proposedIn, tooMuchIn } from './examining.js';

type Engine = Exclude<UpstreamConfig['engine'], 'embedded'>;

/** Where the fakes do more than their cautious profiles claim. */
const BETTER: Partial<Record<Engine, object>> = {
  // Real ones have been seen to echo whole answers only.
  localai: { echo: 'native' },
  // This one was started with `--logits_all`.
  'llama-cpp-python': { echo_logprobs: 'native' },
};

/** The embedded one is ours; vLLM and transformers are recorded. */
const engines = ENGINES.filter((engine) => engine !== 'embedded' && engine !== 'vllm' && engine !== 'transformers');

describe('npm run doctor, when no engine is named', () => {
  it.each(engines)('recognizes %s, and finds its profile true', async (engine) => {
    const examined = await examineFake(engine);
    expect(examined.engine).toBe(engine);
    expect(tooMuchIn(examined)).toEqual([]);
    expect(isTrue(examined.diagnosis)).toBe(true);
    expect(proposedIn(examined)).toEqual(BETTER[engine] ?? {});
    expect(examined.overrides).toEqual(BETTER[engine] ?? {});
    for (const name of FEATURE_NAMES) expect(examined.findings.has(name)).toBe(true);
  });
});

describe('npm run doctor, beside the profile of the engine that answers', () => {
  it('finds that llama-cpp-python without --logits_all has no log probabilities, and no `best_of`', async () => {
    const examined = await examineFake('llama-cpp-python without logits', {
      upstream: { engine: 'llama-cpp-python' },
    });
    expect(examined.overrides).toEqual({ logprobs: 'refuse', logprobs_zero: 'refuse', best_of: 'refuse' });
    expect(tooMuchIn(examined)).toEqual(['best_of', 'logprobs', 'logprobs_zero']);
  });

  it('asks a server with chat completions only what applies to it', async () => {
    const examined = await examineFake('chat-only', { upstream: { engine: 'openai', api: 'chat' } });
    expect(isTrue(examined.diagnosis)).toBe(true);
    expect(examined.overrides).toEqual({});
    expect(examined.findings.get('logprobs')).toMatchObject({ is: 'deviates', isChatShape: true });
    expect(examined.findings.has('suffix')).toBe(false);
  });
});

describe('npm run doctor, beside the profile of another engine', () => {
  it('proposes what turns it into the right one', async () => {
    const { overrides, extraParameters, findings } = await examineFake('tgi', {
      upstream: { engine: 'openai', extraParameters: 'forward' },
    });
    // It is the default of that engine.
    expect(extraParameters).toBeUndefined();
    expect(findings.get('top_k')).toMatchObject({ is: 'ignored' });
    expect(overrides).toMatchObject({
      prompt_list: 'emulate',
      prompt_tokens: 'refuse',
      prompt_tokens_list: 'refuse',
      best_of: 'refuse',
      n: 'emulate',
      echo: 'emulate',
      echo_logprobs: 'refuse',
      logprobs: 'refuse',
      logit_bias: 'refuse',
    });
    expect(overrides).not.toHaveProperty('seed');
  });

  it('proposes more than the profile claims, which is no fault', async () => {
    const examined = await examineFake('openai', { upstream: { engine: 'tgi' } });
    expect(isTrue(examined.diagnosis)).toBe(true);
    expect(examined.extraParameters).toBe('forward');
    expect(examined.overrides).toMatchObject({ prompt_tokens: 'native', best_of: 'native', logit_bias: 'native' });
    // A free emulation stays emulated.
    expect(examined.overrides).not.toHaveProperty('max_tokens_absent');
  });
});
