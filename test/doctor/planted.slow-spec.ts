import { describe, expect, it } from '@jest/globals';
import { type FeatureName, FEATURE_NAMES, type Support } from '../../src/engines/feature-names.js';
import { featureOf } from '../../src/completions/features/all.js';
import { examineFake, proposedIn } from './examining.js';

type Cells = Partial<Record<FeatureName, Support>>;

/** What a lack implies: without an echo there is no scored echo, either. */
const TAKEN_ALONG: Partial<Record<FeatureName, Cells>> = {
  n: { n_greedy: 'emulate', n_scored_stream: 'emulate' },
  echo: { echo_only: 'emulate', echo_logprobs: 'refuse' },
  // Without log probabilities of any shape there is nothing to make them from.
  logprobs: { logprobs: 'refuse', logprobs_zero: 'refuse', echo_logprobs: 'refuse' },
  stop: { stop_text: 'emulate' },
  // This server has nothing that counts tokens.
  stream_usage: { stream_usage: 'refuse' },
};

function expectedFor(lacking: FeatureName): Cells {
  const support = featureOf(lacking).emulation === undefined ? 'refuse' : 'emulate';
  return { [lacking]: support, ...TAKEN_ALONG[lacking] };
}

describe('npm run doctor, when a server does all but one thing', () => {
  it.each(FEATURE_NAMES)('finds that %s is ignored, and nothing else', async (lacking) => {
    const examined = await examineFake('openai', { without: [lacking], upstream: { engine: 'openai' } });
    expect(['ignored', 'deviates']).toContain(examined.findings.get(lacking)?.is);
    expect(proposedIn(examined)).toEqual(expectedFor(lacking));
    // It takes extra fields, which its profile does not claim.
    expect(examined.extraParameters).toBe('forward');
  });

  it('finds each refusal, however many there are', async () => {
    const without = Object.fromEntries(FEATURE_NAMES.map((name) => [name, 400]));
    const { findings } = await examineFake('openai', { without, upstream: { engine: 'openai' } });
    for (const name of FEATURE_NAMES)
      expect([name, findings.get(name)]).toMatchObject([name, { is: 'refused', status: 400 }]);
  });

  it('takes a 429 or a 503 for no refusal', async () => {
    const { findings } = await examineFake('openai', { without: { seed: 429, echo: 503 } });
    expect(findings.get('seed')).toMatchObject({ is: 'unclear' });
    expect(findings.get('echo')).toMatchObject({ is: 'unclear' });
  });
});
